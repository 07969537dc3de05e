import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import { signalProcess } from '../../base/processes.ts'
import { processesOf } from './processTree.ts'

const endTimeoutMs = 10_000

/**
 * Where a machine allows no process namespaces, everything that runs from one run directory carries this number as its only
 * further group: no process puts it off without rights that PHP has not, whatever else it does to get away. Number and device
 * of the directory make it, so another installation with the same user ids, or a copy of the data directory, has another one.
 */
export function markOf(directory: string): number {
  const { dev, ino } = statSync(directory, { bigint: true })
  const chance = createHash('sha256').update(`${dev} ${ino}`).digest().readUInt32BE(0)
  return firstMark + (chance % 0x7000_0000) // no file belongs to a group up there
}

const firstMark = 0x8000_0000

/**
 * Ends everything that carries the mark; what is started meanwhile carries it too.
 *
 * @returns whether there was anything
 * @throws {Failure} PHP_FAILED when processes begin faster than they can be ended
 */
export async function endMarked(uid: number, mark: number): Promise<boolean> {
  for (const deadline = performance.now() + endTimeoutMs, found = { any: false }; ; await sleep(20)) {
    const left = processesOf(uid, mark)
    if (left.length === 0) return found.any
    found.any = true
    for (const { pid, startTicks } of left) signalProcess(pid, startTicks, 'SIGKILL')
    if (performance.now() > deadline)
      throw new Failure('PHP_FAILED', `Cannot end PHP of user ${uid}: ${left.length} of its processes do not end`, {
        retry: 'later',
      })
  }
}
