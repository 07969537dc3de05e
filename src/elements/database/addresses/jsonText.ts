/** A string of a JSON document; offsets of what stands between its quotes. */
export interface JsonString {
  start: number
  end: number
  /** Offset of the object whose key it is; -1 for what is no key */
  container: number
}

const depthMax = 16_384
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y

/**
 * Reads one JSON document that fills the text, and hands over its strings in order, keys among them. Strict about the grammar,
 * lenient about what PHP's own encoder could not have written (lone surrogates, bytes that are not UTF-8).
 *
 * @param text one byte per character
 * @returns false where this is not JSON; what was handed over until then does not count
 */
export function walkJson(text: string, visit: (string: JsonString) => void): boolean {
  const open: number[] = [] // where the containers begin
  let at = blank(text, 0)
  let isKey = false
  for (;;) {
    const char = text[at]
    if (char === '"') {
      const end = stringEnd(text, at + 1)
      if (end < 0) return false
      visit({ start: at + 1, end, container: isKey ? (open.at(-1) ?? -1) : -1 })
      at = blank(text, end + 1)
      if (isKey) {
        if (text[at] !== ':') return false
        at = blank(text, at + 1)
        isKey = false
        continue
      }
    } else if (isKey) {
      return false
    } else if (char === '{' || char === '[') {
      if (open.length === depthMax) return false
      const start = at
      at = blank(text, at + 1)
      if (text[at] !== (char === '{' ? '}' : ']')) {
        open.push(start)
        isKey = char === '{'
        continue
      }
      at = blank(text, at + 1)
    } else {
      scalar.lastIndex = at
      if (!scalar.test(text)) return false
      at = blank(text, scalar.lastIndex)
    }
    // a value has ended: what follows belongs to the containers
    for (;;) {
      const container = open.at(-1)
      if (container === undefined) return at === text.length
      const next = text[at]
      const isObject = text[container] === '{'
      at = blank(text, at + 1)
      if (next === ',') {
        isKey = isObject
        break
      }
      if (next !== (isObject ? '}' : ']')) return false
      open.pop()
    }
  }
}

/** True for what may be a document with strings in it. */
export function looksJson(text: string): boolean {
  return /^[ \t\r\n]*["{[]/.test(text)
}

function blank(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at += 1
  }
}

/** Where the closing quote stands; -1 where there is none, or what stands before it is not allowed. */
function stringEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) return at
    if (code < 32) return -1
    if (code !== 92) continue
    const escape = text.charAt(++at)
    if (escape === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4
    else if (escape === '' || !'"\\/bfnrt'.includes(escape)) return -1
  }
  return -1
}
