import type { ForeignFile } from './openForeign.ts'
import { refuse, shown } from './refuse.ts'
import { SeenPaths } from './seenPaths.ts'
import type { ForeignMember, ForeignOptions } from './types.ts'

export interface GuardedMember extends ForeignMember {
  /** Directories above it that the archive has not named so far, and may never name */
  implied: Buffer[]
}

export interface GuardOptions extends ForeignOptions {
  /** Paths may differ in upper and lower case alone, as on the site's own disk */
  twins: boolean
}

/**
 * The members of an archive, each path once: no file that is a directory elsewhere, nothing behind a link, hard links to
 * earlier files alone. Where symbolic links lead is for whoever knows the root that the archive will have.
 *
 * @throws {Failure} ARCHIVE_DAMAGED with `details.reason`
 */
export async function* readGuarded(file: ForeignFile, options: GuardOptions): AsyncGenerator<GuardedMember, void, undefined> {
  const seen = new SeenPaths({ twins: options.twins })
  for await (const { entry, body } of file.members(options)) {
    if (entry.kind === 'hardlink' && !seen.isFile(entry.target)) {
      throw refuse('hard-link', `${shown(entry.path)} is a hard link to ${shown(entry.target)}, which is no earlier file of it`)
    }
    yield { entry, body, implied: seen.add(entry.path, entry.kind) }
  }
}
