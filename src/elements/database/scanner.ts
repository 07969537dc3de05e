import { Failure } from '../../base/failure.ts'
import { ansiQuotes, plainBackslash } from './tokens.ts'

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

type State = 'between' | 'plain' | 'single' | 'double' | 'back' | 'line' | 'block' | 'note' | 'remark'

const headBytesMax = 512
const sandboxLine = /^\/\*M?!999999\\- enable the sandbox mode \*\/[ \t]*\r?\n/
const [newline, space, doubleQuote, hash, singleQuote, open, close, star, dash, slash, semicolon] = [
  10, 32, 34, 35, 39, 40, 41, 42, 45, 47, 59,
]
const [backslash, backTick, bang, bigM] = [92, 96, 33, 77]

/**
 * Cuts SQL text into statements and the comments between them, the way the server's own client does: quotes and escapes,
 * three kinds of comments, DELIMITER, and text inside conditional comments counted as text. Any chunk boundary gives the same
 * marks. Holds no statement: memory is one chunk. Follows `sql_mode` as the statements set it, since NO_BACKSLASH_ESCAPES and
 * ANSI_QUOTES change where a string ends.
 */
export class SqlScanner {
  /** Offset of the first byte that a later mark may still name */
  keepFrom = 0
  /** How far the text is understood; at most a few bytes behind what was given */
  position = 0
  #offset = 0
  #carry: Buffer = Buffer.alloc(0)
  #state: State = 'between'
  #start = 0
  #head: Buffer[] = []
  #headLength = 0
  #groups = 0
  #depth = 0
  #delimiter: Buffer = Buffer.from(';')
  #special: Uint8Array = specialBytes(semicolon)
  #backslash = true
  #backslashInDouble = true

  get insideStatement(): boolean {
    return !['between', 'note', 'remark'].includes(this.#state)
  }

  *scan(chunk: Buffer, last = false): Generator<Mark> {
    const data = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk])
    const base = this.#offset - this.#carry.length
    this.#offset += chunk.length
    this.#carry = Buffer.alloc(0)
    const n = data.length
    let i = 0
    let headFrom = 0
    const noteHead = (to: number): void => {
      if (this.#headLength >= headBytesMax || to <= headFrom) return
      const piece = Buffer.from(data.subarray(headFrom, Math.min(to, headFrom + headBytesMax - this.#headLength)))
      this.#head.push(piece)
      this.#headLength += piece.length
      headFrom = to
    }
    const begin = (state: State): void => {
      this.#state = state
      this.#start = base + i
      this.#head = []
      this.#headLength = 0
      this.#groups = 0
      this.#depth = 0
      headFrom = i
    }
    const finish = (kind: Mark['kind'], end: number, after: number, closed: boolean): Mark => {
      noteHead(end)
      const head = this.#head.length === 1 && this.#head[0] !== undefined ? this.#head[0] : Buffer.concat(this.#head)
      this.#state = 'between'
      return { kind, start: this.#start, end: base + end, after: base + after, head, groups: this.#groups, closed }
    }
    let waiting = false
    while (i < n && !waiting) {
      switch (this.#state) {
        case 'between': {
          const byte = data[i] ?? 0
          if (byte <= space) {
            i++
            break
          }
          const left = n - i
          if (byte === hash) {
            begin('note')
            i++
            break
          }
          if (byte === dash) {
            if (left < 3 && !last) {
              waiting = true
              break
            }
            begin(startsLineComment(data, i) ? 'note' : 'plain')
            i++
            break
          }
          if (byte === slash) {
            if (left < 4 && !last) {
              waiting = true
              break
            }
            if (base + i === 0) {
              const lineEnd = data.indexOf(newline, i)
              if (lineEnd < 0 && left < 80 && !last) {
                waiting = true
                break
              }
              const match = sandboxLine.exec(data.toString('latin1', i, Math.min(n, i + 80)))
              if (match !== null) {
                begin('note')
                i += match[0].length
                yield finish('comment', i, i, true)
                break
              }
            }
            if (data[i + 1] === star && !isConditional(data, i)) {
              begin('remark')
              i += 2
              break
            }
          }
          if (byte === this.#delimiter[0]) {
            if (left < this.#delimiter.length && !last) {
              waiting = true
              break
            }
            if (startsWith(data, i, this.#delimiter)) {
              i += this.#delimiter.length
              break
            }
          }
          if ((byte | 32) === 100) {
            // DELIMITER is a line of the client's, never sent
            if (left < 10 && !last) {
              waiting = true
              break
            }
            if (/^delimiter[ \t]/i.test(data.toString('latin1', i, i + 10))) {
              const lineEnd = data.indexOf(newline, i)
              if (lineEnd < 0 && !last) {
                if (left > 256) throw new Failure('LOAD_FAILED', 'Cannot read the dump: a DELIMITER line has no end')
                waiting = true
                break
              }
              const to = lineEnd < 0 ? n : lineEnd
              const word =
                data
                  .toString('latin1', i + 10, to)
                  .trim()
                  .split(/\s/)[0] ?? ''
              if (word === '' || word.includes('\\'))
                throw new Failure('LOAD_FAILED', 'Cannot read the dump: a DELIMITER line names none')
              begin('plain')
              i = Math.min(n, to + 1)
              yield finish('delimiter', to, i, true)
              this.#delimiter = Buffer.from(word, 'latin1')
              this.#special = specialBytes(this.#delimiter[0] ?? semicolon)
              break
            }
          }
          begin('plain')
          break
        }
        case 'plain': {
          const special = this.#special
          while (i < n && special[data[i] as number] === 0) i++
          if (i >= n) break
          const byte = data[i] as number
          if (byte === this.#delimiter[0]) {
            if (n - i < this.#delimiter.length && !last) {
              waiting = true
              break
            }
            if (startsWith(data, i, this.#delimiter)) {
              const end = i
              i += this.#delimiter.length
              const mark = finish('statement', end, i, true)
              this.#followMode(mark.head)
              yield mark
              break
            }
          }
          switch (byte) {
            case singleQuote:
              this.#state = 'single'
              i++
              break
            case doubleQuote:
              this.#state = 'double'
              i++
              break
            case backTick:
              this.#state = 'back'
              i++
              break
            case open:
              if (this.#depth++ === 0) this.#groups++
              i++
              break
            case close:
              if (this.#depth > 0) this.#depth--
              i++
              break
            case hash:
              this.#state = 'line'
              i++
              break
            case dash:
              if (n - i < 3 && !last) waiting = true
              else {
                if (startsLineComment(data, i)) this.#state = 'line'
                i++
              }
              break
            case slash:
              if (n - i < 4 && !last) waiting = true
              else if (data[i + 1] === star && !isConditional(data, i)) {
                this.#state = 'block'
                i += 2
              } else i++
              break
            default:
              // V or v: the groups of an INSERT are counted from VALUES on
              if (this.#depth === 0) {
                if (n - i < 6 && !last) {
                  waiting = true
                  break
                }
                if (/^values$/i.test(data.toString('latin1', i, i + 6))) this.#groups = 0
              }
              i++
          }
          break
        }
        case 'single':
          i = skipQuoted(data, i, singleQuote, this.#backslash)
          if (i < n) {
            if (data[i] === singleQuote) {
              this.#state = 'plain'
              i++
            } else if (i + 1 < n || last) i += 2
            else waiting = true
          }
          break
        case 'double':
          i = skipQuoted(data, i, doubleQuote, this.#backslashInDouble)
          if (i < n) {
            if (data[i] === doubleQuote) {
              this.#state = 'plain'
              i++
            } else if (i + 1 < n || last) i += 2
            else waiting = true
          }
          break
        case 'back': {
          const end = data.indexOf(backTick, i)
          if (end < 0) i = n
          else {
            this.#state = 'plain'
            i = end + 1
          }
          break
        }
        case 'line': {
          const end = data.indexOf(newline, i)
          i = end < 0 ? n : end + 1
          if (end >= 0) this.#state = 'plain'
          break
        }
        case 'note': {
          const end = data.indexOf(newline, i)
          if (end >= 0) {
            i = end + 1
            yield finish('comment', end, i, true)
          } else i = n
          break
        }
        case 'block':
        case 'remark': {
          const end = data.indexOf('*/', i)
          if (end < 0) {
            if (last) i = n
            else {
              i = Math.max(i, n - 1)
              waiting = true
            }
            break
          }
          i = end + 2
          if (this.#state === 'block') this.#state = 'plain'
          else yield finish('comment', i, i, true)
          break
        }
      }
    }
    if (last) {
      if (this.#state !== 'between') {
        const kind = this.#state === 'note' || this.#state === 'remark' ? 'comment' : 'statement'
        yield finish(kind, n, n, kind === 'comment')
      }
      this.keepFrom = this.#offset
      this.position = this.#offset
      return
    }
    if (this.#state !== 'between') noteHead(i)
    this.#carry = Buffer.from(data.subarray(i))
    this.position = base + i
    this.keepFrom = this.#state === 'between' ? base + i : this.#start
  }

  #followMode(head: Buffer): void {
    if (head.length > 400 || head.length < 10) return
    const text = head.toString('latin1')
    if (!/^(\/\*M?!\d*\s*)?set\s/i.test(text)) return
    const match = /(?:^|[\s,.])sql_mode\s*:?=\s*(?:'([^']*)'|"([^"]*)"|@|default)/i.exec(text)
    if (match === null) return
    const mode = match[1] ?? match[2] ?? ''
    this.#backslash = !plainBackslash(mode)
    this.#backslashInDouble = this.#backslash && !ansiQuotes(mode)
  }
}

function skipQuoted(data: Buffer, from: number, quote: number, escapes: boolean): number {
  const n = data.length
  let i = from
  if (escapes) {
    while (i < n) {
      const byte = data[i] as number
      if (byte === quote || byte === backslash) return i
      i++
    }
    return i
  }
  while (i < n && data[i] !== quote) i++
  return i
}

/** `--` opens a comment only before a blank, a control character or the end. */
function startsLineComment(data: Buffer, at: number): boolean {
  return data[at + 1] === dash && (data[at + 2] ?? newline) <= space
}

function isConditional(data: Buffer, at: number): boolean {
  return data[at + 2] === bang || (data[at + 2] === bigM && data[at + 3] === bang)
}

function startsWith(data: Buffer, at: number, text: Buffer): boolean {
  for (let k = 0; k < text.length; k++) if (data[at + k] !== text[k]) return false
  return true
}

function specialBytes(delimiter: number): Uint8Array {
  const special = new Uint8Array(256)
  for (const byte of [singleQuote, doubleQuote, backTick, open, close, hash, dash, slash, 86, 118, delimiter]) special[byte] = 1
  return special
}
