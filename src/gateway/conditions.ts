import type { IncomingHttpHeaders } from 'node:http'

/** A file as HTTP names its state. */
export interface Validators {
  etag: string
  modifiedMs: number
  sizeBytes: number
}

export type Outcome = { status: 200 } | { status: 304 } | { status: 416 } | { status: 206; from: number; to: number }

/** What a GET or HEAD with these headers gets of a file (RFC 9110, section 13 and 14). Of several ranges none is taken. */
export function outcomeOf(headers: IncomingHttpHeaders, file: Validators): Outcome {
  if (isUnchanged(headers, file)) return { status: 304 }
  const { range } = headers
  if (range === undefined || !rangeStillMeans(headers['if-range'], file)) return { status: 200 }
  return readRange(range, file.sizeBytes)
}

function isUnchanged(headers: IncomingHttpHeaders, { etag, modifiedMs }: Validators): boolean {
  const known = headers['if-none-match']
  if (known !== undefined) return known === '*' || known.split(',').some((item) => item.trim().replace(/^W\//, '') === etag)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && seconds(modifiedMs) <= seconds(since)
}

function rangeStillMeans(condition: string | string[] | undefined, { etag, modifiedMs }: Validators): boolean {
  if (typeof condition !== 'string') return condition === undefined
  if (condition.startsWith('"')) return condition === etag
  return seconds(Date.parse(condition)) === seconds(modifiedMs)
}

function readRange(range: string, sizeBytes: number): Outcome {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim()) ?? []
  if (first === '' && last === '') return { status: 200 }
  const from = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return { status: 200 }
  return from >= sizeBytes || to < from ? { status: 416 } : { status: 206, from, to }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
