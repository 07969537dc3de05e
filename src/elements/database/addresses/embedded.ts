import { type Edit, type Found, type Replacer, growth, shifted } from './edits.ts'

/** A string of PHP's format within other text, with its quotes as they stand in code, in JSON or in an attribute. */
const framed = /s:(\d{1,10}):("|\\+"|&quot;)/y

/**
 * Finds addresses in text that is neither serialized nor JSON as a whole. Where serialized strings stand in it (PHP's session
 * files `key|s:3:"…";`, a column that glues values together), their lengths are mended too.
 *
 * @param inside finds in the bytes of such a string
 */
export function findEmbedded(text: string, replacer: Replacer, inside: (text: string) => Found): Found {
  const edits = replacer.find(text)
  if (edits.length === 0) return { edits, count: 0, needsLook: false }
  const frames = framesAround(text, edits)
  if (frames.length === 0) return { edits, count: edits.length, needsLook: false }
  const total: Found = { edits: [], count: 0, needsLook: false }
  let next = 0
  for (const frame of frames) {
    for (let edit = edits[next]; edit !== undefined && edit.start < frame.start; edit = edits[++next]) take(total, edit)
    while ((edits[next]?.start ?? Infinity) < frame.end) next += 1
    const found = inside(text.slice(frame.start, frame.end))
    if (found.edits.length > 0) {
      const length = frame.end - frame.start + growth(found.edits)
      total.edits.push({ start: frame.lengthStart, end: frame.lengthEnd, text: String(length) })
    }
    total.edits.push(...shifted(found.edits, frame.start))
    total.count += found.count
    total.needsLook ||= found.needsLook
  }
  for (const edit of edits.slice(next)) take(total, edit)
  return total
}

function take(total: Found, edit: Edit): void {
  total.edits.push(edit)
  total.count += 1
}

interface Frame {
  lengthStart: number
  lengthEnd: number
  start: number
  end: number
}

/** The strings whose length is right and that hold a whole edit. */
function framesAround(text: string, edits: readonly Edit[]): Frame[] {
  const frames: Frame[] = []
  let next = 0
  for (let at = text.indexOf('s:'); at >= 0; at = text.indexOf('s:', at + 1)) {
    if (!isDigit(text.charCodeAt(at + 2)) || isWord.test(text.charAt(at - 1))) continue
    framed.lastIndex = at
    const [whole, digits = '', quote = ''] = framed.exec(text) ?? []
    if (whole === undefined) continue
    const start = at + whole.length
    const end = start + Number(digits)
    if (!text.startsWith(`${quote};`, end)) continue
    while ((edits[next]?.start ?? Infinity) < start) next += 1
    const edit = edits[next]
    if (edit === undefined) break
    if (edit.end <= end) frames.push({ lengthStart: at + 2, lengthEnd: at + 2 + digits.length, start, end })
    at = end
  }
  return frames
}

const isWord = /\w/

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
