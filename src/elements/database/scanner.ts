import { Failure } from '../../base/failure.ts'
import type { Mark } from './mark.ts'
import {
  ansiQuotes,
  bytes,
  Finder,
  isConditional,
  modeThatIsSet,
  plainBackslash,
  specialBytes,
  startsLineComment,
  startsWith,
} from './sqlBytes.ts'

/** note, remark: comments between statements, to the end of the line or in slash and star; line, block: the same inside. */
type State = 'between' | 'plain' | 'single' | 'double' | 'back' | 'line' | 'block' | 'note' | 'remark'
/** more: a byte or more was understood; wait: what follows must be seen first */
type Step = Mark | 'more' | 'wait'

const headBytesMax = 512
const delimiterLineMax = 256
const sandboxLine = /^\/\*M?!999999\\- enable the sandbox mode \*\/[ \t]*\r?\n/

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
  #data: Buffer = Buffer.alloc(0)
  #base = 0
  #i = 0
  #last = false
  #state: State = 'between'
  #start = 0
  #head: Buffer[] = []
  #headLength = 0
  #headFrom = 0
  #groups = 0
  #depth = 0
  #delimiter: Buffer = Buffer.from(';')
  #special = specialBytes(bytes.semicolon)
  #backslash = true
  #backslashInDouble = true
  readonly #finders = {
    single: new Finder(bytes.singleQuote),
    double: new Finder(bytes.doubleQuote),
    back: new Finder(bytes.backTick),
    escape: new Finder(bytes.backslash),
  }

  get insideStatement(): boolean {
    return !['between', 'note', 'remark'].includes(this.#state)
  }

  /** The marks that end in this chunk; read them all before the next chunk is given. With `last`, what is open ends there. */
  *scan(chunk: Buffer, last = false): Generator<Mark> {
    const rest = this.#data.subarray(this.#i)
    this.#base += this.#i
    this.#data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#i = 0
    this.#headFrom = 0
    this.#last = last
    while (this.#i < this.#data.length) {
      const step = this.#step()
      if (step === 'wait') break
      if (step !== 'more') yield step
    }
    if (last && this.#state !== 'between') {
      const comment = this.#state === 'note' || this.#state === 'remark'
      yield this.#finish(comment ? 'comment' : 'statement', this.#data.length, this.#data.length, comment)
    }
    if (this.#state !== 'between') this.#noteHead(this.#i)
    this.position = this.#base + this.#i
    this.keepFrom = this.#state === 'between' ? this.position : this.#start
  }

  #step(): Step {
    switch (this.#state) {
      case 'between':
        return this.#between()
      case 'plain':
        return this.#plain()
      case 'single':
        return this.#quoted(this.#finders.single, this.#backslash)
      case 'double':
        return this.#quoted(this.#finders.double, this.#backslashInDouble)
      case 'back':
        return this.#quoted(this.#finders.back, false)
      case 'line':
      case 'note':
        return this.#lineComment()
      case 'block':
      case 'remark':
        return this.#blockComment()
    }
  }

  #lacks(count: number): boolean {
    return !this.#last && this.#data.length - this.#i < count
  }

  #between(): Step {
    const data = this.#data
    const i = this.#i
    const byte = data[i] ?? 0
    if (byte <= bytes.space) {
      this.#i++
      return 'more'
    }
    if (byte === bytes.dash || byte === bytes.hash) {
      if (byte === bytes.dash && this.#lacks(3)) return 'wait'
      return this.#begin(byte === bytes.hash || startsLineComment(data, i) ? 'note' : 'plain', 1)
    }
    if (byte === bytes.slash) {
      if (this.#lacks(4)) return 'wait'
      if (this.#base + i === 0) {
        if (this.#lacks(80) && !data.includes(bytes.newline)) return 'wait'
        const sandbox = sandboxLine.exec(data.toString('latin1', 0, 80))
        if (sandbox !== null) {
          this.#begin('note', sandbox[0].length)
          return this.#finish('comment', this.#i, this.#i, true)
        }
      }
      if (data[i + 1] === bytes.star && !isConditional(data, i)) return this.#begin('remark', 2)
    }
    if (byte === this.#delimiter[0]) {
      if (this.#lacks(this.#delimiter.length)) return 'wait'
      if (startsWith(data, i, this.#delimiter)) {
        this.#i += this.#delimiter.length // an empty statement
        return 'more'
      }
    }
    if (byte === 68 || byte === 100) {
      if (this.#lacks(10)) return 'wait'
      if (/^delimiter[ \t]/i.test(data.toString('latin1', i, i + 10))) return this.#delimiterLine()
    }
    return this.#begin('plain', 0)
  }

  /** DELIMITER is a line of the client's, never sent. */
  #delimiterLine(): Step {
    const data = this.#data
    const lineEnd = data.indexOf(bytes.newline, this.#i)
    if (lineEnd < 0 && !this.#last) {
      if (data.length - this.#i > delimiterLineMax)
        throw new Failure('LOAD_FAILED', 'Cannot read the dump: a DELIMITER line has no end')
      return 'wait'
    }
    const end = lineEnd < 0 ? data.length : lineEnd
    const [word = ''] = data
      .toString('latin1', this.#i + 10, end)
      .trim()
      .split(/\s/)
    if (word === '' || word.includes('\\')) throw new Failure('LOAD_FAILED', 'Cannot read the dump: a DELIMITER line names none')
    this.#begin('plain', Math.min(data.length, end + 1) - this.#i)
    this.#delimiter = Buffer.from(word, 'latin1')
    this.#special = specialBytes(this.#delimiter[0] ?? bytes.semicolon)
    return this.#finish('delimiter', end, this.#i, true)
  }

  #plain(): Step {
    const data = this.#data
    const special = this.#special
    const n = data.length
    let i = this.#i
    while (i < n && special[data[i] as number] === 0) i++
    this.#i = i
    if (i >= n) return 'more'
    const byte = data[i] as number
    if (byte === this.#delimiter[0]) {
      if (this.#lacks(this.#delimiter.length)) return 'wait'
      if (startsWith(data, i, this.#delimiter)) {
        this.#i += this.#delimiter.length
        const mark = this.#finish('statement', i, this.#i, true)
        this.#followMode(mark.head)
        return mark
      }
    }
    let length = 1
    switch (byte) {
      case bytes.singleQuote:
        this.#state = 'single'
        break
      case bytes.doubleQuote:
        this.#state = 'double'
        break
      case bytes.backTick:
        this.#state = 'back'
        break
      case bytes.hash:
        this.#state = 'line'
        break
      case bytes.open:
        if (this.#depth++ === 0) this.#groups++
        break
      case bytes.close:
        if (this.#depth > 0) this.#depth--
        break
      case bytes.dash:
        if (this.#lacks(3)) return 'wait'
        if (startsLineComment(data, i)) this.#state = 'line'
        break
      case bytes.slash:
        if (this.#lacks(4)) return 'wait'
        if (data[i + 1] === bytes.star && !isConditional(data, i)) {
          this.#state = 'block'
          length = 2
        }
        break
      default: // a V: the groups of an INSERT are counted from VALUES on
        if (this.#depth > 0) break
        if (this.#lacks(6)) return 'wait'
        if (/^values$/i.test(data.toString('latin1', i, i + 6))) this.#groups = 0
    }
    this.#i += length
    return 'more'
  }

  /** A doubled quote ends the string and begins another: the same, for cutting. */
  #quoted(quote: Finder, escapes: boolean): Step {
    const data = this.#data
    const end = quote.next(data, this.#i)
    const escape = escapes ? this.#finders.escape.next(data, this.#i) : data.length
    if (escape < end) {
      this.#i = escape
      if (this.#lacks(2)) return 'wait'
      this.#i = Math.min(escape + 2, data.length)
      return 'more'
    }
    this.#i = end
    if (end < data.length) {
      this.#state = 'plain'
      this.#i++
    }
    return 'more'
  }

  #lineComment(): Step {
    const end = this.#data.indexOf(bytes.newline, this.#i)
    this.#i = end < 0 ? this.#data.length : end + 1
    if (end < 0) return 'more'
    if (this.#state === 'note') return this.#finish('comment', end, this.#i, true)
    this.#state = 'plain'
    return 'more'
  }

  #blockComment(): Step {
    const end = this.#data.indexOf('*/', this.#i)
    if (end < 0) {
      if (!this.#last) this.#i = Math.max(this.#i, this.#data.length - 1) // a star may be the last byte
      else this.#i = this.#data.length
      return this.#last ? 'more' : 'wait'
    }
    this.#i = end + 2
    if (this.#state === 'remark') return this.#finish('comment', this.#i, this.#i, true)
    this.#state = 'plain'
    return 'more'
  }

  #begin(state: State, length: number): 'more' {
    this.#state = state
    this.#start = this.#base + this.#i
    this.#head = []
    this.#headLength = 0
    this.#headFrom = this.#i
    this.#groups = 0
    this.#depth = 0
    this.#i += length
    return 'more'
  }

  #finish(kind: Mark['kind'], end: number, after: number, closed: boolean): Mark {
    this.#noteHead(end)
    this.#state = 'between'
    const head = Buffer.concat(this.#head)
    return { kind, start: this.#start, end: this.#base + end, after: this.#base + after, head, groups: this.#groups, closed }
  }

  #noteHead(to: number): void {
    if (this.#headLength >= headBytesMax || to <= this.#headFrom) return
    const piece = Buffer.from(this.#data.subarray(this.#headFrom, Math.min(to, this.#headFrom + headBytesMax - this.#headLength)))
    this.#head.push(piece)
    this.#headLength += piece.length
    this.#headFrom = to
  }

  #followMode(head: Buffer): void {
    const mode = head.length < headBytesMax ? modeThatIsSet(head.toString('latin1')) : null
    if (mode === null) return
    this.#backslash = !plainBackslash(mode)
    this.#backslashInDouble = this.#backslash && !ansiQuotes(mode)
  }
}
