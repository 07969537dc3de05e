import { Failure } from '../../base/failure.ts'

/** An address to fetch, with what is sent of it exactly as it was given. */
export interface Target {
  url: URL
  /** Path and query verbatim: a signature may cover every byte of them */
  path: string
  /** For logs and sentences: host and file name alone, as path and query may be secrets */
  shown: string
  fileName: string
}

/** @throws {Failure} INPUT_INVALID */
export function parseTarget(text: string): Target {
  const trimmed = text.trim()
  const [, rest] = /^https?:\/\/[^/?#]+([^#]*)/i.exec(trimmed) ?? []
  let url: URL
  try {
    url = new URL(trimmed)
  } catch {
    throw invalid('it is no address')
  }
  if (rest === undefined) throw invalid(`"${url.protocol}" is no protocol for it`)
  // oxlint-disable-next-line no-control-regex -- what may not stand in a request line
  const isPlain = !/[\u0000-\u0020\u007f-\uffff]/.test(rest)
  const path = isPlain ? rest : url.pathname + url.search
  return { url, path: path.startsWith('/') ? path : `/${path}`, shown: shownUrl(url), fileName: fileNameOf(url) }
}

/** Where a redirect leads. @throws {Failure} FETCH_FAILED */
export function parseRedirect(from: Target, location: string | undefined): Target {
  if (location === undefined || location === '')
    throw new Failure('FETCH_FAILED', `Cannot fetch ${from.shown}: it redirects to nowhere`)
  try {
    if (/^https?:\/\//i.test(location)) return parseTarget(location)
    if (/^\/[^/]/.test(location)) return parseTarget(`${from.url.origin}${location}`)
    return parseTarget(new URL(location, from.url).href)
  } catch (cause) {
    throw new Failure('FETCH_FAILED', `Cannot fetch ${from.shown}: it redirects to something that is no address`, { cause })
  }
}

function shownUrl(url: URL): string {
  const name = url.pathname.split('/').at(-1) ?? ''
  const above = url.pathname.split('/').length > 2 ? '/…/' : '/'
  return `"${url.protocol}//${url.host}${above}${name.length > 80 ? `${name.slice(0, 80)}…` : name}${url.search === '' ? '' : '?…'}"`
}

function fileNameOf(url: URL): string {
  const name = url.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(name) || url.hostname
  } catch {
    return name
  }
}

function invalid(found: string): Failure {
  return new Failure('INPUT_INVALID', `Cannot fetch the address: ${found}`, {
    hint: 'Give the whole address of the file, such as https://example.org/backup.tar.gz',
  })
}
