import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { runChild } from '../../src/base/spawn.ts'

export interface Figure {
  wallMs: number
  cpuMs: number
}

/** Runs a shell pipeline of a peer with /usr/bin/time's accounting; fails when any part of the pipeline fails. */
export async function timeShell(script: string, env: Record<string, string> = {}): Promise<Figure> {
  const begin = performance.now()
  const child = spawn('/usr/bin/time', ['-f', '%U %S', 'bash', '-c', `set -o pipefail; ${script}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const wallMs = performance.now() - begin
  if (code !== 0) throw new Error(`"${script}" ended with ${code}: ${stderr}`)
  const [user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { wallMs, cpuMs: (user + system) * 1000 }
}

/** Times work of this process and of the servers in `serverPids`: their threads, and the children that run or end meanwhile. */
export async function timeOurs(serverPids: readonly number[], work: () => Promise<unknown>): Promise<Figure> {
  const cpu = cpuMsOf(serverPids)
  const begin = performance.now()
  await work()
  const wallMs = performance.now() - begin
  return { wallMs, cpuMs: cpuMsOf(serverPids) - cpu }
}

/** What was written before must not be charged to what is timed next. */
export async function settle(): Promise<void> {
  await runChild('sync', [])
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const tickMs = 10 // USER_HZ is 100 on every Linux

/** Our own process with the children that were waited for, and servers with their live children (one backend a connection). */
function cpuMsOf(serverPids: readonly number[]): number {
  let ticks = ticksOf('self', 4)
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const parent = Number(statFields(pid)?.[1])
    if (serverPids.includes(Number(pid))) ticks += ticksOf(pid, 4)
    else if (serverPids.includes(parent)) ticks += ticksOf(pid, 2)
  }
  return ticks * tickMs
}

/** utime and stime, with 4 also those of waited-for children */
function ticksOf(pid: string, fields: 2 | 4): number {
  return (statFields(pid) ?? []).slice(11, 11 + fields).reduce((sum, field) => sum + Number(field), 0)
}

/** The fields of /proc/PID/stat from the third on: the second, a name, may hold blanks. */
function statFields(pid: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null // it ended meanwhile
  }
}
