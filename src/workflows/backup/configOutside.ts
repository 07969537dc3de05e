import { createSecretKey, type KeyObject } from 'node:crypto'
import { Failure } from '../../base/failure.ts'
import { seal, unseal } from '../../base/seal.ts'
import { readSingleFile, type SingleFile } from '../../hosts/local/singleFile.ts'
import { blobTypes, currentGeneration, type RepositoryKeys } from '../../repository/keys.ts'

/** A configuration file that stands above the code root, and so in no archive. */
export interface ConfigFile extends SingleFile {
  path: string
}

const about = 'configuration outside of the code root'

/**
 * Seals the files beside the manifest; null when there are none.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when one is no small ordinary file, or a link that is not to be trusted
 */
export function readConfigOutside(keys: RepositoryKeys, paths: readonly string[]): string | null {
  if (paths.length === 0) return null
  const files = paths.flatMap((path) => {
    const file = readSingleFile(path)
    return file === null ? [] : [{ ...file, path, content: file.content.toString('base64') }]
  })
  return seal(keyOf(keys), about, Buffer.from(JSON.stringify(files))).toString('base64')
}

export function openConfigOutside(keys: RepositoryKeys, sealed: string | null): ConfigFile[] {
  if (sealed === null) return []
  const parsed: unknown = JSON.parse(unseal(keyOf(keys), about, Buffer.from(sealed, 'base64')).toString())
  if (!Array.isArray(parsed)) throw new Failure('MANIFEST_DAMAGED', 'Cannot read the configuration of the backup: it is no list')
  return (parsed as (Omit<ConfigFile, 'content'> & { content: string })[]).map((file) => ({
    ...file,
    content: Buffer.from(file.content, 'base64'),
  }))
}

function keyOf(keys: RepositoryKeys): KeyObject {
  return createSecretKey(keys.sealingKey(blobTypes.object, keys.metaId(blobTypes.object, about), currentGeneration).export())
}
