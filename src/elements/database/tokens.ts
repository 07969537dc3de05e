import { ansiQuotes, plainBackslash, startsLineComment } from './sqlBytes.ts'

export interface Token {
  /** word: unquoted; name: in back-ticks (or double quotes); text: a string; number; mark: any other single character */
  kind: 'word' | 'name' | 'text' | 'number' | 'mark'
  /** A word in lower case, a name without its quotes, else as it stands */
  text: string
  start: number
  end: number
}

/** Which conditional comments a server executes. */
export interface ServerKind {
  family: 'mariadb' | 'mysql'
  /** 101119 for 10.11.19, 80036 for 8.0.36 */
  versionNumber: number
  /** The sql_mode under which the statement is read; it changes what quotes mean. @default '' */
  sqlMode?: string | null
}

/**
 * The tokens of one statement as the server will see them: text of conditional comments that it executes counts, text of
 * those that it skips does not. Bytes in, offsets into them out; a statement is never changed by looking at it.
 */
export function* tokensOf(sql: Buffer, server: ServerKind): Generator<Token> {
  const n = sql.length
  const ansi = ansiQuotes(server.sqlMode ?? '')
  const escapes = !plainBackslash(server.sqlMode ?? '')
  let i = 0
  let conditional = 0
  while (i < n) {
    const byte = sql[i] as number
    if (byte <= 32) {
      i++
    } else if (byte === 35 || startsLineComment(sql, i)) {
      const end = sql.indexOf(10, i)
      i = end < 0 ? n : end + 1
    } else if (byte === 47 && sql[i + 1] === 42) {
      const match = /^\/\*(M?)!(\d{5,6})?/.exec(sql.toString('latin1', i, i + 10))
      if (match !== null && executes(server, match[1] === 'M', match[2])) {
        conditional++
        i += match[0].length
      } else {
        i = endOfComment(sql, i + 2, match !== null)
      }
    } else if (byte === 42 && sql[i + 1] === 47 && conditional > 0) {
      conditional--
      i += 2
    } else if (byte === 39 || byte === 34 || byte === 96) {
      const isName = byte === 96 || (byte === 34 && ansi)
      const end = endOfQuoted(sql, i, escapes && !isName)
      const inside = sql.toString('utf8', i + 1, end - 1)
      const quote = String.fromCharCode(byte)
      yield { kind: isName ? 'name' : 'text', text: isName ? inside.replaceAll(quote + quote, quote) : inside, start: i, end }
      i = end
    } else if (isWordByte(byte)) {
      let end = i + 1
      while (end < n && isWordByte(sql[end] as number)) end++
      const digit = byte >= 48 && byte <= 57
      // a long hexadecimal literal is of no interest as text
      const text = sql.toString('utf8', i, Math.min(end, i + 256)).toLowerCase()
      yield { kind: digit ? 'number' : 'word', text, start: i, end }
      i = end
    } else {
      yield { kind: 'mark', text: String.fromCharCode(byte), start: i, end: i + 1 }
      i++
    }
  }
}

function executes(server: ServerKind, mariadbOnly: boolean, version: string | undefined): boolean {
  if (server.family === 'mysql') return !mariadbOnly && (version === undefined || Number(version) <= server.versionNumber)
  if (version === undefined) return true
  const number = Number(version)
  // MariaDB leaves out what is meant for MySQL 5.7 and later
  if (!mariadbOnly && number >= 50700 && number <= 99999) return false
  return number <= server.versionNumber
}

function endOfComment(sql: Buffer, from: number, mayNest: boolean): number {
  let i = from
  for (;;) {
    const end = sql.indexOf('*/', i)
    if (end < 0) return sql.length
    const inner = mayNest ? sql.indexOf('/*', i) : -1
    if (inner < 0 || inner > end) return end + 2
    i = end + 2 // one comment inside a skipped one is left out with it
  }
}

function endOfQuoted(sql: Buffer, from: number, escapes: boolean): number {
  const quote = sql[from] as number
  const n = sql.length
  let i = from + 1
  while (i < n) {
    const byte = sql[i] as number
    if (byte === 92 && escapes) i += 2
    else if (byte === quote) {
      if (sql[i + 1] !== quote) return i + 1
      i += 2
    } else i++
  }
  return n
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) ||
    (byte >= 65 && byte <= 90) ||
    byte === 95 ||
    byte === 36 ||
    (byte >= 97 && byte <= 122) ||
    byte >= 128
  )
}
