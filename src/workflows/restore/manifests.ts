import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import type { ArchiveOut } from '../../repository/archiveOut.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { Manifest } from '../../repository/types.ts'
import type { House } from '../house.ts'

export type BackupManifests = Partial<Record<Element, Manifest>>

/** @throws {Failure} BACKUP_NOT_FOUND, ELEMENT_MISSING, MANIFEST_DAMAGED */
export async function loadManifests(
  house: Pick<House, 'repository'>,
  backupId: string,
  elements: readonly Element[],
): Promise<BackupManifests> {
  const object = await house.repository.readBackupObject(backupId)
  const manifests: BackupManifests = {}
  for (const element of elements) {
    const stored = object.elements[element]
    if (stored === undefined) {
      throw new Failure(
        'ELEMENT_MISSING',
        `Cannot restore the ${element} from the backup "${backupId}": it holds ${Object.keys(object.elements).join(', ')} only`,
        {
          hint: 'Choose what it holds with --element',
        },
      )
    }
    manifests[element] = await house.repository.loadManifest(unpackChunkRef(Buffer.from(stored.manifest, 'hex')))
  }
  return manifests
}

/** What was written by our own dump is trusted to have the shape that we gave it: the manifest is sealed. */
export function dumpFactsOf(manifest: Manifest): DumpFacts {
  if (!Array.isArray(manifest.facts['tables']))
    throw new Failure('MANIFEST_DAMAGED', 'Cannot restore the database: its manifest does not list its tables')
  return manifest.facts as unknown as DumpFacts
}

/** The dump as it was taken; the gzip around it checks length and CRC once more. */
export async function* readDump(archive: ArchiveOut, run: Run): AsyncGenerator<Buffer> {
  let doneBytes = 0
  const source = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of archive.read(undefined, run.signal)) {
      doneBytes += piece.length
      run.progress({ doneBytes, totalBytes: archive.lengthBytes })
      yield piece
    }
  }
  const packed = Readable.from(source(), { objectMode: false })
  const plain = createGunzip({ chunkSize: 256 << 10 })
  packed.on('error', (error) => plain.destroy(error))
  packed.pipe(plain)
  try {
    for await (const piece of plain as AsyncIterable<Buffer>) yield piece
  } finally {
    packed.destroy()
    plain.destroy()
  }
}
