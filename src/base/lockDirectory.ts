import { join } from 'node:path'
import { Failure } from './failure.ts'
import { type KernelLock, takeKernelLock } from './kernelLock.ts'

/**
 * Takes a directory for this process: a server's data are used by one process at a time. The lock's file stands in it, so the
 * directory must be ours, whoever owns what is below it.
 *
 * @throws {Failure} SERVER_RUNNING
 */
export async function lockDirectory(directory: string): Promise<KernelLock> {
  const lock = await takeKernelLock(join(directory, 'lock'), 2000)
  if (lock !== null) return lock
  throw new Failure('SERVER_RUNNING', `Cannot use the directory "${directory}": another Cairn server uses it`)
}
