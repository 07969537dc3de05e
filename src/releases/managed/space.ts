import { statfs } from 'node:fs/promises'
import { Failure } from '../../base/failure.ts'

/** A disk that is filled to its last byte fails every site that stands on it. */
const reserveBytes = 64 << 20

/** @throws {Failure} SPACE_LACKING before anything was written */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize - reserveBytes
  if (free >= bytes) return
  const needed = `${Math.ceil(bytes / 1e6)} MB are needed, ${Math.max(0, Math.floor(free / 1e6))} MB are free`
  throw new Failure('SPACE_LACKING', `Cannot prepare the release in "${directory}": ${needed}`, {
    hint: 'Free space on this disk, or keep fewer releases, and run the command again; nothing was changed',
    retry: 'after-repair',
  })
}
