import { type Edit, type Found, type Replacer, applyEdits, growth, nothing, shifted } from './edits.ts'
import { findEmbedded } from './embedded.ts'
import { decodeEscaped, decodeJson } from './escapes.ts'
import { type JsonString, looksJson, walkJson } from './jsonText.ts'
import { type KeysTaken, findInKey, keysTaken } from './keys.ts'
import { type StringSpan, looksSerialized, walkSerialized } from './phpSerialized.ts'

export interface Replaced {
  /** The same buffer when nothing was replaced */
  value: Buffer
  /** How many addresses were replaced */
  count: number
  /** Something in it looks serialized, holds an address and cannot be read; that part was left as it is */
  needsLook: boolean
  /** What the value is as a whole; unreadable where `needsLook` is about all of it */
  form: 'serialized' | 'json' | 'text' | 'unreadable'
  /** What was replaced, in bytes of the old value; for samples */
  edits: readonly Edit[]
}

/** Strings in strings: deeper ones are left alone and need a look. */
const nestingMax = 64

/**
 * Replaces addresses in the value of one cell: in each string of a serialized value (lengths are mended outwards, references,
 * classes and property names stay), in each string of a JSON document (in its own way of escaping), else in the text. A string
 * may hold any of these again. Bytes that need not change do not change; nothing that stands in a value makes it throw.
 */
export function replaceInValue(value: Buffer, replacer: Replacer): Replaced {
  const text = value.toString('latin1')
  const form = looksSerialized(text) ? 'serialized' : looksJson(text) ? 'json' : 'text'
  const { edits, count, needsLook } = findInText(text, replacer, 0)
  if (edits.length === 0)
    return { value, count: 0, needsLook, form: needsLook && form === 'serialized' ? 'unreadable' : form, edits }
  return { value: Buffer.from(applyEdits(text, edits), 'latin1'), count, needsLook, form, edits }
}

function findInText(text: string, replacer: Replacer, depth: number): Found {
  const anchors = replacer.anchors(text)
  if (anchors.length === 0) return nothing
  if (depth > nestingMax) return unreadable(text, replacer)
  if (looksSerialized(text)) return findInSerialized(text, anchors, replacer, depth) ?? unreadable(text, replacer)
  if (looksJson(text)) {
    const found = findInJson(text, anchors, replacer, depth)
    if (found !== null) return found
  }
  return findEmbedded(text, replacer, (part) => findInText(part, replacer, depth + 1))
}

function unreadable(text: string, replacer: Replacer): Found {
  return replacer.find(text).length === 0 ? nothing : { edits: [], count: 0, needsLook: true }
}

function findInSerialized(text: string, anchors: readonly number[], replacer: Replacer, depth: number): Found | null {
  const start = /^[ \t\r\n\v\0]*/.exec(text)?.[0].length ?? 0
  let end = text.length
  while (end > start && ' \t\r\n\v\0'.includes(text.charAt(end - 1))) end -= 1
  const spans: StringSpan[] = []
  const inSpan = followed(anchors)
  const isWhole = walkSerialized(text, start, end, (span) => void (inSpan(span.start, span.end) && spans.push(span)))
  if (!isWhole) return null
  const total = collector()
  const taken = keysTaken(
    spans.filter(isKey).map(({ container, start, end }) => ({ container, key: text.slice(start, end) })),
    replacer,
    (visit) => walkSerialized(text, start, end, (span) => visit(span.container, () => text.slice(span.start, span.end))),
  )
  for (const span of spans) {
    const found = findInSpan(text, span, replacer, depth, taken)
    if (found.edits.length > 0) {
      const length = Number(text.slice(span.lengthStart, span.lengthEnd)) + found.grown
      total.edits.push({ start: span.lengthStart, end: span.lengthEnd, text: String(length) })
    }
    total.add(found)
  }
  return total
}

/** `grown` counts bytes of the string, where the edits may be of its escaped form. */
function findInSpan(
  text: string,
  span: StringSpan,
  replacer: Replacer,
  depth: number,
  taken: KeysTaken,
): Found & { grown: number } {
  const body = text.slice(span.start, span.end)
  if (span.kind === 'escaped') {
    const decoded = decodeEscaped(text, span.start, span.end)
    const found = findInText(decoded.text, replacer, depth + 1)
    return { ...found, edits: found.edits.map(decoded.encode), grown: growth(found.edits) }
  }
  const found =
    span.kind === 'custom'
      ? looksSerialized(body)
        ? findInText(body, replacer, depth + 1)
        : unreadable(body, replacer)
      : span.kind === 'key'
        ? findInKey(body, replacer, taken(span.container))
        : findInText(body, replacer, depth + 1)
  return { ...found, edits: shifted(found.edits, span.start), grown: growth(found.edits) }
}

function findInJson(text: string, anchors: readonly number[], replacer: Replacer, depth: number): Found | null {
  const strings: JsonString[] = []
  const inSpan = followed(anchors)
  if (!walkJson(text, (string) => void (inSpan(string.start, string.end) && strings.push(string)))) return null
  const total = collector()
  const taken = keysTaken(
    strings.filter(isKey).map(({ container, start, end }) => ({ container, key: decodeJson(text, start, end).text })),
    replacer,
    (visit) => walkJson(text, ({ start, end, container }) => visit(container, () => decodeJson(text, start, end).text)),
  )
  for (const { start, end, container } of strings) {
    const decoded = decodeJson(text, start, end)
    const found =
      container < 0 ? findInText(decoded.text, replacer, depth + 1) : findInKey(decoded.text, replacer, taken(container))
    total.add({ ...found, edits: found.edits.map(decoded.encode) })
  }
  return total
}

function isKey({ container }: { container: number }): boolean {
  return container >= 0
}

/** Answers for spans in ascending order whether an anchor begins in them. */
function followed(anchors: readonly number[]): (start: number, end: number) => boolean {
  let at = 0
  return (start, end) => {
    while ((anchors[at] ?? Infinity) < start) at += 1
    return (anchors[at] ?? Infinity) < end
  }
}

function collector(): Found & { add(found: Found): void } {
  return {
    edits: [],
    count: 0,
    needsLook: false,
    add(found) {
      for (const edit of found.edits) this.edits.push(edit)
      this.count += found.count
      this.needsLook ||= found.needsLook
    },
  }
}
