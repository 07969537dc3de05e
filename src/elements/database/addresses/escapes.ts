import type { Edit } from './edits.ts'

/** A string without its escapes, and how to write into it. */
interface Decoded {
  text: string
  /** Brings an edit of `text` into the form and to the place where the string stands written */
  encode(edit: Edit): Edit
}

/** How much of a document is looked at for the way in which it is written. */
const styleBytesMax = 64 << 10

const short: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** A string of JSON, as bytes of UTF-8; what is written into it follows the style that its neighbourhood has. */
export function decodeJson(source: string, start: number, end: number): Decoded {
  const units = new Units(start)
  for (let at = start; at < end;) {
    if (source[at] !== '\\') {
      const next = nextEscape(source, at, end)
      units.plain(source, at, next)
      at = next
      continue
    }
    const escape = source[at + 1] ?? ''
    if (escape !== 'u') {
      units.escape(short[escape] ?? escape, 2)
      at += 2
      continue
    }
    const unit = Number.parseInt(source.slice(at + 2, at + 6), 16)
    const low =
      unit >= 0xd800 && unit < 0xdc00 && source.startsWith('\\u', at + 6) ? Number.parseInt(source.slice(at + 8, at + 12), 16) : 0
    const isPair = low >= 0xdc00 && low < 0xe000
    units.escape(utf8(isPair ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit), isPair ? 12 : 6)
    at += isPair ? 12 : 6
  }
  return units.decoded((text, from, to) => {
    const around = [source.slice(from, to), source.slice(start, end), source.slice(0, styleBytesMax)] as const
    const slash = text.includes('/') ? (slashStyle(around[0]) ?? slashStyle(around[1]) ?? slashStyle(around[2]) ?? '/') : '/'
    const isRaw = /[\x80-\xff]/.test(text) && around.some((part) => /[\x80-\xff]/.test(part))
    return writeJson(text, slash, isRaw)
  })
}

/** A string of the `S` type, whose bytes may be written as a backslash and two digits. */
export function decodeEscaped(source: string, start: number, end: number): Decoded {
  const units = new Units(start)
  for (let at = start; at < end;) {
    if (source[at] === '\\') {
      units.escape(String.fromCharCode(Number.parseInt(source.slice(at + 1, at + 3), 16) || 0), 3)
      at += 3
    } else {
      const next = nextEscape(source, at, end)
      units.plain(source, at, next)
      at = next
    }
  }
  return units.decoded((text) =>
    text.replaceAll(/[^ -[\]-~]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`),
  )
}

function nextEscape(source: string, at: number, end: number): number {
  const next = source.slice(at, end).indexOf('\\') // never beyond: a document without any would be read for each of its strings
  return next < 0 ? end : at + next
}

/** Remembers at which byte of the source each byte of the decoded text begins, by its stretches. */
class Units {
  #text: string[] = []
  #length = 0
  /** For each stretch: where it begins decoded, where in the source, and whether its bytes stand there as they are */
  #decodedAt: number[] = []
  #sourceAt: number[] = []
  #isPlain: boolean[] = []
  #at: number

  constructor(start: number) {
    this.#at = start
  }

  plain(source: string, from: number, to: number): void {
    this.#add(source.slice(from, to), to - from, true)
  }

  escape(bytes: string, sourceBytes: number): void {
    this.#add(bytes, sourceBytes, false)
  }

  #add(bytes: string, sourceBytes: number, isPlain: boolean): void {
    this.#text.push(bytes)
    this.#decodedAt.push(this.#length)
    this.#sourceAt.push(this.#at)
    this.#isPlain.push(isPlain)
    this.#length += bytes.length
    this.#at += sourceBytes
  }

  decoded(write: (text: string, from: number, to: number) => string): Decoded {
    return {
      text: this.#text.join(''),
      encode: ({ start, end, text }) => {
        const from = this.#sourceOf(start)
        const to = this.#sourceOf(end)
        return { start: from, end: to, text: write(text, from, to) }
      },
    }
  }

  #sourceOf(offset: number): number {
    if (offset >= this.#length) return this.#at
    let low = 0
    let high = this.#decodedAt.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#decodedAt[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const start = this.#sourceAt[low] ?? 0
    return this.#isPlain[low] === true ? start + offset - (this.#decodedAt[low] ?? 0) : start
  }
}

/** The first slash, as it is written there. */
function slashStyle(text: string): string | null {
  for (const [unit] of text.matchAll(/\\u[\da-fA-F]{4}|\\.|\//gs)) {
    if (/^(?:\/|\\\/|\\u002[fF])$/.test(unit)) return unit
  }
  return null
}

function writeJson(text: string, slash: string, isRaw: boolean): string {
  const plain = JSON.stringify(text).slice(1, -1).replaceAll('/', slash)
  if (isRaw || !/[\x80-\xff]/.test(plain)) return plain
  const unicode = Buffer.from(plain, 'latin1').toString('utf8')
  return unicode.replaceAll(/[\u0080-\u{10ffff}]/gu, (char) =>
    [...Array(char.length).keys()].map((k) => `\\u${char.charCodeAt(k).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** The bytes of a code point; a lone surrogate gets the three bytes that a pair's half would have. */
function utf8(code: number): string {
  if (code < 0x80) return String.fromCharCode(code)
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f)
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), tail(0))
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), tail(6), tail(0))
  return String.fromCharCode(0xf0 | (code >> 18), tail(12), tail(6), tail(0))
}
