import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Failure } from '../../base/failure.ts'
import { packPath } from '../backends/layout.ts'
import { blobHeaderBytes, inflateBlob, openBlob } from '../blob.ts'
import { blobTypes, type RepositoryKeys } from '../keys.ts'
import { type FooterRecord, footerLength, openFooter, tailBytes } from './footer.ts'
import { readAt } from './readPack.ts'

/**
 * Reads a whole pack: its hash, then for every blob the seal, the MAC of the fragment, length, CRC and the id.
 *
 * @returns what is wrong, or null
 */
export async function verifyPack(
  repository: { directory: string; keys: RepositoryKeys },
  pack: string,
  sha256: Uint8Array,
): Promise<string | null> {
  const { directory, keys } = repository
  const file = await open(packPath(directory, pack), 'r')
  try {
    const { size } = await file.stat()
    const length = size < tailBytes ? null : footerLength(await readAt(file, size - tailBytes, tailBytes))
    if (length === null || length + tailBytes > size) return 'it does not end with a footer'
    const footerBlob = await readAt(file, size - tailBytes - length, length)
    const records = openFooter(keys, pack, footerBlob)
    const hash = createHash('sha256')
    let at = 0
    for (const record of records) {
      if (record.offset !== at) return `its footer skips from ${at} to ${record.offset}`
      const bytes = await readAt(file, at, blobHeaderBytes + record.storedLen)
      hash.update(bytes)
      const found = verifyBlob(keys, record, bytes)
      if (found !== null) return found
      at += bytes.length
    }
    hash.update(await readAt(file, at, size - at))
    return hash.digest().equals(sha256) ? null : 'its hash is not the recorded one'
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  } finally {
    await file.close()
  }
}

function verifyBlob(keys: RepositoryKeys, record: FooterRecord, bytes: Buffer): string | null {
  const name = record.id.toString('hex', 0, 6)
  const blob = openBlob(keys, bytes, { type: record.type, id: record.id })
  if (!keys.fragmentMac(blob.fragment).equals(record.encMac)) return `the fragment of chunk ${name} has another MAC`
  const raw = inflateBlob(blob)
  const id = record.type === blobTypes.data ? keys.chunkId(raw) : keys.metaId(record.type as 2, raw)
  return id.equals(record.id) ? null : `the content of chunk ${name} has another id`
}
