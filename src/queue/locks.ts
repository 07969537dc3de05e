import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type KernelLock, takeKernelLock } from '../base/kernelLock.ts'

/**
 * Takes the locks of all environments named, or none. In one order everywhere: two workflows that want the same two
 * environments never hold one each.
 *
 * @param directory where the locks stand, for everybody who works on these environments
 * @returns null while somebody holds one of them
 */
export async function lockEnvironments(directory: string, environmentIds: readonly string[]): Promise<KernelLock | null> {
  const held: KernelLock[] = []
  const release = async (): Promise<void> => {
    for (const lock of held.toReversed()) await lock.release()
  }
  for (const id of [...new Set(environmentIds)].sort()) {
    const lock = await takeKernelLock(join(directory, `environment-${id}`))
    if (lock === null) {
      await release()
      return null
    }
    held.push(lock)
  }
  return { release }
}

/** The same for everybody who sees the same directory, under whatever path. */
export function nameLocks(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { dev, ino } = statSync(directory, { bigint: true })
  return `${dev}:${ino}`
}
