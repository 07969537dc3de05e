import type { IncomingHttpHeaders } from 'node:http'

export interface Validators {
  /** Strong, with its quotes */
  etag: string
  modifiedAt: Date
}

export type Verdict = 'go-on' | 'not-modified' | 'precondition-failed'

/** The conditions of RFC 9110 section 13.2.2, in its order; `If-Range` is a question of its own ({@link rangeHolds}). */
export function judge(headers: IncomingHttpHeaders, validators: Validators): Verdict {
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined) {
    if (!names(ifMatch, validators.etag, 'strong')) return 'precondition-failed'
  } else if (isLaterThan(validators.modifiedAt, headers['if-unmodified-since'])) {
    return 'precondition-failed'
  }
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, validators.etag, 'weak') ? 'not-modified' : 'go-on'
  const since = parseDate(headers['if-modified-since'])
  return since !== null && !isLaterThan(validators.modifiedAt, headers['if-modified-since']) ? 'not-modified' : 'go-on'
}

/** Whether the part asked for still belongs to what the client has: without `If-Range` it says so itself. */
export function rangeHolds(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true
  if (ifRange.includes('"')) return ifRange.trim() === validators.etag
  return parseDate(ifRange) === wholeSeconds(validators.modifiedAt)
}

function names(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag)
}

function isLaterThan(at: Date, header: string | undefined): boolean {
  const limit = parseDate(header)
  return limit !== null && wholeSeconds(at) > limit
}

function parseDate(header: string | undefined): number | null {
  const time = Date.parse(header ?? '')
  return Number.isNaN(time) ? null : time
}

function wholeSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000
}
