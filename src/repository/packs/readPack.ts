import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Failure } from '../../base/failure.ts'
import { packPath } from '../backends/layout.ts'
import { blobHeaderBytes, openBlob, readBlobHeader } from '../blob.ts'
import { blobTypes, type RepositoryKeys } from '../keys.ts'
import { type FooterRecord, footerLength, openFooter, tailBytes } from './footer.ts'

/** @throws {Failure} CHUNK_DAMAGED when the pack has no footer that opens; an errno when the file cannot be read */
export async function readFooter(directory: string, keys: RepositoryKeys, pack: string): Promise<FooterRecord[]> {
  const file = await open(packPath(directory, pack), 'r')
  try {
    const { size } = await file.stat()
    const length = size < tailBytes ? null : footerLength(await readAt(file, size - tailBytes, tailBytes))
    if (length === null || length + tailBytes > size) {
      throw new Failure('CHUNK_DAMAGED', `Cannot read pack "${pack}": it does not end with a footer`)
    }
    return openFooter(keys, pack, await readAt(file, size - tailBytes - length, length))
  } finally {
    await file.close()
  }
}

/** What stands in a pack by its own headers: what `readFooter` would give, found without the footer. */
export async function scanPack(directory: string, keys: RepositoryKeys, pack: string): Promise<FooterRecord[]> {
  const file = await open(packPath(directory, pack), 'r')
  try {
    const { size } = await file.stat()
    const records: FooterRecord[] = []
    for (let offset = 0; offset + blobHeaderBytes <= size;) {
      const header = readBlobHeader(await readAt(file, offset, blobHeaderBytes))
      if (header === null || header.type === blobTypes.footer || offset + blobHeaderBytes + header.storedLen > size) break
      const bytes = await readAt(file, offset, blobHeaderBytes + header.storedLen)
      const { fragment, rawLen, crc } = openBlob(keys, bytes, null)
      const { type, generation, id, storedLen } = header
      records.push({ type, generation, id: Buffer.from(id), encMac: keys.fragmentMac(fragment), offset, storedLen, rawLen, crc })
      offset += bytes.length
    }
    return records
  } finally {
    await file.close()
  }
}

export async function hashPack(directory: string, pack: string): Promise<{ lengthBytes: number; sha256: Buffer }> {
  const file = await open(packPath(directory, pack), 'r')
  try {
    const hash = createHash('sha256')
    const block = Buffer.allocUnsafe(1 << 20)
    let lengthBytes = 0
    for (;;) {
      const { bytesRead } = await file.read(block, 0, block.length, lengthBytes)
      if (bytesRead === 0) return { lengthBytes, sha256: hash.digest() }
      hash.update(block.subarray(0, bytesRead))
      lengthBytes += bytesRead
    }
  } finally {
    await file.close()
  }
}

export async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
    if (bytesRead === 0) throw new Failure('CHUNK_DAMAGED', `Cannot read a pack: it ends ${length - done} bytes early`)
    done += bytesRead
  }
  return bytes
}
