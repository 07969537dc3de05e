/** Makes raw deflate: a fresh window, no final block, ending on a byte boundary. */
export interface Deflater {
  /** Written into each blob, for those who look into damage */
  readonly number: number
  /** The result may be overwritten by the next call. */
  deflate(raw: Uint8Array): Uint8Array
}

/** Numbers of the codecs in blobs. */
export const codecNumbers = { stored: 0, zlib: 1, isal: 2 } as const
