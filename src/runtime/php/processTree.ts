import { readdirSync, readFileSync } from 'node:fs'
import { isErrno } from '../../base/failure.ts'
import { processStart } from '../../base/processes.ts'

/** A process by its number and the moment at which it began: together they never mean another one. */
export interface NamedProcess {
  pid: number
  startTicks: string
}

export function childrenOf(parent: number): NamedProcess[] {
  return everyProcess().filter(({ pid }) => statFields(pid)?.[1] === String(parent))
}

/** Those of a user that are in this group beside their own. */
export function processesOf(uid: number, group: number): NamedProcess[] {
  return everyProcess().filter(({ pid }) => {
    const status = readProc(pid, 'status')
    const groups = /^Groups:\t(.*)$/m.exec(status)?.[1]?.split(' ') ?? []
    return groups.includes(String(group)) && /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] === String(uid)
  })
}

/** Changes when a process runs a new program: where its code and its stack begin is drawn by the kernel each time. */
export function programMark(pid: number): string {
  const fields = statFields(pid)
  return fields === null ? '' : `${fields[23]} ${fields[25]}`
}

/** A program that has begun anew is deaf, or dies of a signal, until it has said what it does with it. */
export function catches(pid: number, signalNumber: number): boolean {
  const mask = /^SigCgt:\t([0-9a-f]+)$/m.exec(readProc(pid, 'status'))?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signalNumber - 1)) & 1n) === 1n
}

function everyProcess(): NamedProcess[] {
  const found: NamedProcess[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const startTicks = processStart(Number(name))
    if (startTicks !== null) found.push({ pid: Number(name), startTicks })
  }
  return found
}

/** From the state on: field 3 of proc(5) is the first. */
function statFields(pid: number): string[] | null {
  const stat = readProc(pid, 'stat')
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return ''
    throw error
  }
}
