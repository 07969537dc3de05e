import { Failure } from '../../base/failure.ts'
import { blobHeaderBytes, openPlain, sealBytes, sealPlain } from '../blob.ts'
import { blobTypes, type RepositoryKeys } from '../keys.ts'

/*
 * A pack ends with: the footer's blob | length of that blob 4 | magic 8.
 * The footer's text is a list of records, one for each blob before it.
 */
const tailMagic = Buffer.from('CAIRNEND')
export const tailBytes = 12
export const recordBytes = 82

export interface FooterRecord {
  type: number
  generation: number
  id: Buffer
  encMac: Buffer
  offset: number
  storedLen: number
  rawLen: number
  crc: number
}

/** Writes the 82 bytes of a record. */
export function writeRecord(record: FooterRecord, to: Buffer, at: number): void {
  to[at] = record.type
  to[at + 1] = record.generation
  record.id.copy(to, at + 2)
  record.encMac.copy(to, at + 34)
  to.writeUInt32LE(record.offset, at + 66)
  to.writeUInt32LE(record.storedLen, at + 70)
  to.writeUInt32LE(record.rawLen, at + 74)
  to.writeUInt32LE(record.crc, at + 78)
}

export function decodeRecords(bytes: Uint8Array): FooterRecord[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (all.length % recordBytes !== 0) throw footerDamaged('its length is odd')
  const records: FooterRecord[] = []
  for (let at = 0; at < all.length; at += recordBytes) {
    records.push({
      type: all[at] as number,
      generation: all[at + 1] as number,
      id: all.subarray(at + 2, at + 34),
      encMac: all.subarray(at + 34, at + 66),
      offset: all.readUInt32LE(at + 66),
      storedLen: all.readUInt32LE(at + 70),
      rawLen: all.readUInt32LE(at + 74),
      crc: all.readUInt32LE(at + 78),
    })
  }
  return records
}

/** The footer is bound to the name of its pack: a pack under another name does not open. */
export function sealFooter(keys: RepositoryKeys, pack: string, records: Uint8Array): Buffer {
  const blob = sealPlain(keys, blobTypes.footer, keys.metaId(blobTypes.footer, pack), records)
  const tail = Buffer.allocUnsafe(tailBytes)
  tail.writeUInt32LE(blob.length, 0)
  tailMagic.copy(tail, 4)
  return Buffer.concat([blob, tail])
}

/** Length of the footer's blob, read from the last 12 bytes of a pack; null where they are not the end of one. */
export function footerLength(tail: Buffer): number | null {
  if (tail.length !== tailBytes || !tail.subarray(4).equals(tailMagic)) return null
  const length = tail.readUInt32LE(0)
  return length < blobHeaderBytes + sealBytes ? null : length
}

/** @throws {Failure} CHUNK_DAMAGED */
export function openFooter(keys: RepositoryKeys, pack: string, blob: Buffer): FooterRecord[] {
  return decodeRecords(openPlain(keys, blob, blobTypes.footer, keys.metaId(blobTypes.footer, pack)))
}

function footerDamaged(found: string): Failure {
  return new Failure('CHUNK_DAMAGED', `Cannot read the footer of a pack: ${found}`)
}
