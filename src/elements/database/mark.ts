/** A stretch of a dump; offsets count bytes from the start of the stream. */
export interface Mark {
  kind: 'statement' | 'comment' | 'delimiter'
  start: number
  /** Behind the last byte of the text, before the delimiter */
  end: number
  /** Behind the delimiter, or behind the line of a comment */
  after: number
  /** The first bytes, at most `headBytesMax`; a comment whole up to that */
  head: Buffer
  /** Bracketed groups at the top level; behind VALUES in an INSERT, so there the number of rows */
  groups: number
  /** False for a last statement that no delimiter ends */
  closed: boolean
}
