import { readFileSync, readlinkSync } from 'node:fs'
import { processStart, signalProcess, waitUntilGone } from '../base/processes.ts'
import type { Holder } from '../state/tables.ts'

/** This process, told so that another on the same machine can find it again. */
export function thisHolder(locks: string): Holder {
  const startTicks = processStart(process.pid)
  if (startTicks === null) throw new Error('/proc does not know this process')
  return { pid: process.pid, startTicks, ...thisPlace(), locks }
}

export function isThisProcess(holder: Holder): boolean {
  return holder.pid === process.pid && holder.startTicks === processStart(process.pid) && sharesPids(holder)
}

/** True where a lock that the holder has would be seen here: the same kernel and the same directory. */
export function sharesLocks(holder: Holder, locks: string): boolean {
  return holder.bootId === thisPlace().bootId && holder.locks === locks
}

/**
 * Ends a holder that was taken for dead and lives, e.g. one that was stopped (SIGSTOP): it must not wake beside its successor.
 *
 * @returns whether it is gone; false also where its pid means nothing here
 */
export async function endHolder(holder: Holder): Promise<boolean> {
  if (isThisProcess(holder) || !sharesPids(holder)) return false
  try {
    signalProcess(holder.pid, holder.startTicks, 'SIGKILL')
  } catch {
    return false // of another user: an operator decides
  }
  return waitUntilGone(holder.pid, holder.startTicks, 5_000)
}

function sharesPids(holder: Holder): boolean {
  const here = thisPlace()
  return holder.bootId === here.bootId && holder.pidNamespace === here.pidNamespace
}

function thisPlace(): Pick<Holder, 'bootId' | 'pidNamespace'> {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
  }
}
