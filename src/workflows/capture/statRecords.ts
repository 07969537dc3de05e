/** Inode and ctime of an entry, 16 bytes. A ctime of 0 says that the entry must be read again. */
export const statRecordBytes = 16

export interface StatRecord {
  ino: bigint
  ctimeNs: bigint
}

export function writeStatRecord(to: Buffer, place: number, record: StatRecord): void {
  to.writeBigUInt64LE(record.ino, place * statRecordBytes)
  to.writeBigInt64LE(record.ctimeNs, place * statRecordBytes + 8)
}

export function readStatRecord(from: Buffer, place: number): StatRecord {
  return { ino: from.readBigUInt64LE(place * statRecordBytes), ctimeNs: from.readBigInt64LE(place * statRecordBytes + 8) }
}

/**
 * What may be believed the next time: a file that changed within 2 s of the scan, or after it began, may change again
 * without a trace in its times.
 */
export function trustedCtime(mtimeNs: bigint, ctimeNs: bigint, scanStartNs: bigint): bigint {
  const limit = scanStartNs - 2_000_000_000n
  return mtimeNs < limit && ctimeNs < limit ? ctimeNs : 0n
}
