/** What of an archive is wanted. Offsets are bytes of the archive, the last one included. */
export type Wanted = { kind: 'whole' } | { kind: 'part'; start: number; endInclusive: number } | { kind: 'unsatisfiable' }

/**
 * Reads a `Range` header as RFC 9110 section 14 says. Another unit, a malformed header and several ranges are answered with the
 * whole: a server may ignore the header, and many small parts of one stream would only cost.
 */
export function parseRange(header: string | undefined, lengthBytes: number): Wanted {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return { kind: 'whole' }
  const end = lengthBytes - 1
  if (first === '') {
    const suffix = Math.min(Number(last), lengthBytes)
    return suffix === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', start: lengthBytes - suffix, endInclusive: end }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return { kind: 'whole' }
  if (start > end) return { kind: 'unsatisfiable' }
  return { kind: 'part', start, endInclusive: last === '' ? end : Math.min(Number(last), end) }
}
