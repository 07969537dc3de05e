import { type KernelLock, takeKernelLock } from '../base/kernelLock.ts'

/**
 * Takes the locks of all environments named, or none. In one order everywhere: two workflows that want the same two
 * environments never hold one each.
 *
 * @returns null while somebody holds one of them
 */
export async function lockEnvironments(environmentIds: readonly string[]): Promise<KernelLock | null> {
  const held: KernelLock[] = []
  const release = async (): Promise<void> => {
    for (const lock of held.toReversed()) await lock.release()
  }
  for (const id of [...new Set(environmentIds)].sort()) {
    const lock = await takeKernelLock(`environment ${id}`)
    if (lock === null) {
      await release()
      return null
    }
    held.push(lock)
  }
  return { release }
}
