// Looking at SQL text byte by byte, shared by the scanner and the tokens.

export const bytes = {
  newline: 10,
  space: 32,
  doubleQuote: 34,
  hash: 35,
  singleQuote: 39,
  open: 40,
  close: 41,
  star: 42,
  dash: 45,
  slash: 47,
  semicolon: 59,
  backslash: 92,
  backTick: 96,
} as const

/** `--` opens a comment only before a blank, a control character or the end. */
export function startsLineComment(data: Buffer, at: number): boolean {
  return data[at] === bytes.dash && data[at + 1] === bytes.dash && (data[at + 2] ?? bytes.newline) <= bytes.space
}

/** A comment that the server reads as text: slash, star, then `!` or `M!`. */
export function isConditional(data: Buffer, at: number): boolean {
  return data[at + 2] === 33 || (data[at + 2] === 77 && data[at + 3] === 33)
}

export function startsWith(data: Buffer, at: number, text: Buffer): boolean {
  for (let k = 0; k < text.length; k++) if (data[at + k] !== text[k]) return false
  return true
}

/**
 * Finds the next byte of one kind, for a reader that only goes forward: what was found is kept until it is passed, so that a text
 * of many escapes before a distant quote is searched once and not once for each of them.
 */
export class Finder {
  readonly #byte: number
  #data: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(byte: number) {
    this.#byte = byte
  }

  /** Where it stands at or behind `from`; the length of the data where it does not */
  next(data: Buffer, from: number): number {
    if (data !== this.#data) this.#at = -1
    this.#data = data
    if (this.#at < from) {
      const at = data.indexOf(this.#byte, from)
      this.#at = at < 0 ? data.length : at
    }
    return this.#at
  }
}

/** True where `"…"` is a name: ANSI_QUOTES, or a mode that includes it. */
export function ansiQuotes(sqlMode: string): boolean {
  return /ANSI|ORACLE|MSSQL|DB2|POSTGRESQL|MAXDB/i.test(sqlMode)
}

/** True where a backslash in a string is an ordinary character. */
export function plainBackslash(sqlMode: string): boolean {
  return /NO_BACKSLASH_ESCAPES/i.test(sqlMode)
}

/** The sql_mode that a SET statement brings; empty for one that restores a saved or the default one; null for other statements. */
export function modeThatIsSet(statement: string): string | null {
  if (!/^(\/\*M?!\d*\s*)?set\s/i.test(statement)) return null
  const match = /(?:^|[\s,.])sql_mode\s*:?=\s*(?:'([^']*)'|"([^"]*)"|@|default)/i.exec(statement)
  return match === null ? null : (match[1] ?? match[2] ?? '')
}

/** Bytes at which plain text of a statement needs a look; V for VALUES. */
export function specialBytes(delimiter: number): Uint8Array {
  const special = new Uint8Array(256)
  const { singleQuote, doubleQuote, backTick, open, close, hash, dash, slash } = bytes
  for (const byte of [singleQuote, doubleQuote, backTick, open, close, hash, dash, slash, 86, 118, delimiter]) special[byte] = 1
  return special
}
