/** A member of an archive that somebody else made. Its path was checked; nothing of it was believed beyond that. */
export interface ForeignEntry {
  /** Relative bytes without `.`, `..` or empty parts, `/` between them, none at the end */
  path: Buffer
  /** hardlink: another name of an earlier file, which `target` names by its path in the archive */
  kind: 'file' | 'directory' | 'link' | 'hardlink'
  /** The lower nine bits: who made the archive decides neither owners nor setuid here */
  mode: number
  mtimeNs: bigint
  /** Zero for everything but files */
  sizeBytes: number
  /** Of a link as written, of a hard link checked as a path; empty otherwise */
  target: Buffer
}

export interface ForeignMember {
  entry: ForeignEntry
  /** Read it whole or not at all before asking for the next member */
  body: AsyncIterable<Buffer>
}

export interface ForeignLimits {
  entriesMax: number
  fileBytesMax: number
  /** Of all bodies together */
  totalBytesMax: number
  pathBytesMax: number
  nameBytesMax: number
  depthMax: number
  /** Of one extended header */
  headerBytesMax: number
  /** Extended headers before one member */
  headersMax: number
  /** Bytes out for each byte in, once `ratioFreeBytes` came out */
  ratioMax: number
  ratioFreeBytes: number
}

export const foreignLimits: ForeignLimits = {
  entriesMax: 2_000_000,
  fileBytesMax: 50e9,
  totalBytesMax: 1e12,
  pathBytesMax: 4096,
  nameBytesMax: 255,
  depthMax: 100,
  headerBytesMax: 1 << 20,
  headersMax: 8,
  ratioMax: 1000,
  ratioFreeBytes: 10_000_000,
}

export interface ForeignOptions {
  limits: ForeignLimits
  /** Told of each member that is passed over, with what it is */
  onSkipped: (path: Buffer, what: string) => void
}

/** An archive as bytes in order. */
export type ByteSource = AsyncIterable<Uint8Array>
