/** What stands inside a serialized value and is a string; offsets into the text, `end` behind the last byte. */
export interface StringSpan {
  /** string: `s`; escaped: `S`, whose bytes may be written as `\5c`; key: of an array or an object; custom: the payload of `C` */
  kind: 'string' | 'escaped' | 'key' | 'custom'
  start: number
  end: number
  /** Where the digits of its length stand */
  lengthStart: number
  lengthEnd: number
  /** Offset of the container that holds the key; -1 for what is no key */
  container: number
}

/** More nesting than PHP itself reads (`unserialize_max_depth` is 4096). */
const depthMax = 16_384

/**
 * Reads one value in PHP's serialized format, which must reach from `start` to `end` exactly, and hands over its strings in
 * order. Makes no object and no value, keeps no stack of calls, and reads every byte at most once, whatever the bytes are.
 *
 * @param text one byte per character
 * @param visit called while reading: what it was told counts only when the answer is true
 * @returns false where this is not (exactly) one serialized value
 */
export function walkSerialized(text: string, start: number, end: number, visit: (span: StringSpan) => void): boolean {
  const reader = new Reader(text, start, end)
  const left: number[] = [] // keys and values still to come, for each open container
  const containers: number[] = []
  do {
    const top = left.length - 1
    const remaining = left[top] ?? 1
    const isKey = top >= 0 && remaining % 2 === 0
    if (top >= 0) left[top] = remaining - 1
    const opened = readValue(reader, isKey, containers[top] ?? -1, visit)
    if (opened === failed) return false
    if (opened !== leaf) {
      if (left.length === depthMax) return false
      left.push(opened)
      containers.push(reader.at)
    }
    while (left.at(-1) === 0) {
      if (!reader.skip('}')) return false
      left.pop()
      containers.pop()
    }
  } while (left.length > 0)
  return reader.at === end
}

const failed = -2
const leaf = -1

/** Reads a scalar whole, a container up to its opening brace; then gives the number of keys and values in it. */
function readValue(reader: Reader, isKey: boolean, container: number, visit: (span: StringSpan) => void): number {
  const type = reader.text[reader.at]
  switch (type) {
    case 'i':
      return reader.pattern(/i:[+-]?\d+;/y)
    case 's':
    case 'S': {
      const span = reader.string(type === 'S')
      if (span === null) return failed
      const kind = type === 'S' ? 'escaped' : isKey ? 'key' : 'string'
      if (!isKey || type === 's') visit({ ...span, kind, container: isKey ? container : -1 })
      return leaf
    }
  }
  if (isKey) return failed
  switch (type) {
    case 'N':
      return reader.pattern(/N;/y)
    case 'b':
      return reader.pattern(/b:[01];/y)
    case 'd':
      return reader.pattern(/d:(?:NAN|-?INF|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?);/y)
    case 'r':
    case 'R':
      return reader.pattern(/[rR]:\d+;/y)
    case 'E':
      return reader.named() && reader.skip(';') ? leaf : failed
    case 'a':
      reader.at += 1
      return reader.opening()
    case 'O':
      return reader.named() ? reader.opening() : failed
    case 'C': {
      const span = reader.named() ? reader.payload() : null
      if (span !== null) visit({ ...span, kind: 'custom', container: -1 })
      return span === null ? failed : leaf
    }
    default:
      return failed
  }
}

type Body = Pick<StringSpan, 'start' | 'end' | 'lengthStart' | 'lengthEnd'>

class Reader {
  readonly text: string
  readonly end: number
  at: number

  constructor(text: string, start: number, end: number) {
    this.text = text
    this.at = start
    this.end = end
  }

  skip(expected: string): boolean {
    if (this.at + expected.length > this.end || !this.text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  /** @param sticky a pattern for bounded text: the numbers of PHP */
  pattern(sticky: RegExp): number {
    sticky.lastIndex = this.at
    if (!sticky.test(this.text) || sticky.lastIndex > this.end) return failed
    this.at = sticky.lastIndex
    return leaf
  }

  /** `:<digits>:`, with where the digits stand; null for anything else */
  #length(): { value: number; lengthStart: number; lengthEnd: number } | null {
    if (!this.skip(':')) return null
    const lengthStart = this.at
    let value = 0
    for (let code = this.text.charCodeAt(this.at); code >= 48 && code <= 57; code = this.text.charCodeAt(++this.at)) {
      value = value * 10 + code - 48
      if (this.at - lengthStart > 10) return null
    }
    const lengthEnd = this.at
    return lengthEnd > lengthStart && this.skip(':') ? { value, lengthStart, lengthEnd } : null
  }

  /** The class in `O:8:"stdClass"` and its like */
  named(): boolean {
    this.at += 1
    const body = this.#quoted(false)
    return body !== null
  }

  string(escaped: boolean): Body | null {
    this.at += 1
    const body = this.#quoted(escaped)
    return body !== null && this.skip(';') ? body : null
  }

  #quoted(escaped: boolean): Body | null {
    const length = this.#length()
    if (length === null || !this.skip('"')) return null
    const start = this.at
    if (!escaped) this.at += length.value
    else {
      for (let count = 0; count < length.value; count++) {
        if (this.at >= this.end) return null
        this.at += this.text[this.at] === '\\' ? 3 : 1
      }
    }
    const end = this.at
    return this.skip('"') ? { start, end, lengthStart: length.lengthStart, lengthEnd: length.lengthEnd } : null
  }

  opening(): number {
    const length = this.#length()
    return length !== null && this.skip('{') ? length.value * 2 : failed
  }

  payload(): Body | null {
    const length = this.#length()
    if (length === null || !this.skip('{')) return null
    const start = this.at
    this.at += length.value
    const end = this.at
    return this.skip('}') ? { start, end, lengthStart: length.lengthStart, lengthEnd: length.lengthEnd } : null
  }
}

const opening = /^[ \t\r\n\v\0]*(?:[sSOCE]:\d+:"|a:\d+:\{)/

/** True for text that PHP would try to read as a string, an array or an object; scalars hold nothing to replace. */
export function looksSerialized(text: string): boolean {
  return opening.test(text)
}
