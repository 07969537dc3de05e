/** A stretch of a text that is written anew. Texts here hold one byte per character (latin1), so offsets count bytes. */
export interface Edit {
  start: number
  end: number
  text: string
}

/** What was found in one value or in a part of it. */
export interface Found {
  /** In ascending order, never overlapping */
  edits: Edit[]
  /** Addresses that are replaced; an edit of a length is not one */
  count: number
  /** Something in it looks serialized, holds an address and cannot be read: that part is left alone */
  needsLook: boolean
}

/** Finds what must be replaced in plain text. */
export interface Replacer {
  /** Plain ASCII that every occurrence holds, one of them, in any case and in every spelling: to look for it elsewhere first */
  readonly needles: readonly string[]
  /** Where needles stand, ascending; none says for certain that nothing matches, at the speed of a scan */
  anchors(text: string): number[]
  /** In ascending order; an edit that would change nothing is not among them */
  find(text: string): Edit[]
}

export const nothing: Found = { edits: [], count: 0, needsLook: false }

export function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = []
  let at = 0
  for (const edit of edits) {
    parts.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  parts.push(text.slice(at))
  return parts.join('')
}

/** How many bytes longer the text becomes. */
export function growth(edits: readonly Edit[]): number {
  return edits.reduce((sum, edit) => sum + edit.text.length - (edit.end - edit.start), 0)
}

export function shifted(edits: readonly Edit[], by: number): Edit[] {
  return by === 0 ? [...edits] : edits.map(({ start, end, text }) => ({ start: start + by, end: end + by, text }))
}
