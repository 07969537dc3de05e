import { Failure } from '../base/failure.ts'
import type { Element } from '../contract/words.ts'
import { type ArchiveOut, openArchive } from '../repository/archiveOut.ts'
import { unpackChunkRef } from '../repository/chunkRef.ts'
import type { Manifest, Repository } from '../repository/types.ts'
import type { Backup } from './catalogue.ts'

/** The manifest of one element. @throws {Failure} ELEMENT_MISSING, MANIFEST_DAMAGED */
export async function loadElement(
  repository: Repository,
  backup: Pick<Backup, 'id' | 'elements'>,
  element: Element,
): Promise<Manifest> {
  const stored = backup.elements[element]
  if (stored === undefined) {
    throw new Failure('ELEMENT_MISSING', `Cannot read the ${element} of the backup "${backup.id}": it does not hold this element`)
  }
  return repository.loadManifest(unpackChunkRef(Buffer.from(stored.manifest, 'hex')))
}

/** One element as the archive that people download. */
export async function openElementArchive(
  repository: Repository,
  backup: Pick<Backup, 'id' | 'elements'>,
  element: Element,
): Promise<ArchiveOut> {
  return openArchive(repository, await loadElement(repository, backup, element))
}
