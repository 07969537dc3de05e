import { spawn } from 'node:child_process'

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

/** Times work of this process and its threads. */
export async function timeOurs(work: () => Promise<unknown>): Promise<Figure> {
  const cpu = process.cpuUsage()
  const begin = performance.now()
  await work()
  const wallMs = performance.now() - begin
  const used = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (used.user + used.system) / 1000 }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
