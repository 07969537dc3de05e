import { type Address, type AddressPair, hostForms, hostKey, parseAddress } from './addressPair.ts'
import type { Finder, ReplacerOptions } from './replacer.ts'
import { endsPathAt, needleOf, slashSource, spelledColon, spelledPath } from './spelling.ts'

/** What may follow a host in a text: a path that is replaced, or (`to` null) one that is new already. */
interface Candidate {
  path: string
  to: Address | null
}

/** What stands before a host: `https://` in any spelling, each part as it is written there. */
const before = new RegExp(`(?:(https?)(:|%(?:25)*3a))?(${slashSource})\\3$`, 'i')
const singleSlash = new RegExp(`(?:${slashSource})$`, 'i')
const beforeBytesMax = 64

/** Finds the addresses of the pairs around an anchor that lies in their host. */
export function addressFinder({ pairs, bareHosts = false, emails = false }: ReplacerOptions): {
  needles: string[]
  find: Finder
} {
  const candidates = candidatesOf(pairs)
  const hosts = [...new Set([...candidates.keys()].map((key) => key.replace(/:\d+$/, '')))]
  const hostChars = hosts.some((host) => /[\x80-\xff]/.test(host)) ? /[\w.\-\x80-\xff]/ : /[\w.-]/
  const find: Finder = (text, at) => {
    const [start, end] = hostAround(text, at, hostChars)
    const host = asciiLower(text.slice(start, end))
    const port = portAt(text, end)
    const found = candidates.get(hostKey(host, port.digits))
    if (found === undefined) return null
    const lead = before.exec(text.slice(Math.max(0, start - beforeBytesMax), start))
    const slash = lead?.[3] ?? slashAt(text, port.end)
    const fits = found.find(({ path }) => {
      const spelled = spelledPath(path, slash)
      return (
        text.startsWith(spelled, port.end) && (path === '' ? text[port.end] !== '@' : endsPathAt(text, port.end + spelled.length))
      )
    })
    if (fits === undefined || fits.to === null) return null
    const { to } = fits
    const oldEnd = port.end + spelledPath(fits.path, slash).length
    const newPort = to.port === null ? '' : spelledColon(port.colon ?? lead?.[2] ?? null, slash) + to.port
    const tail = to.host + newPort + spelledPath(to.path, slash)
    if (lead !== null) {
      const [whole, scheme, colon = '', slashes = ''] = lead
      const kept = scheme === undefined ? '' : (to.scheme ?? scheme) + colon
      return { start: start - whole.length, end: oldEnd, text: kept + slashes + slashes + tail }
    }
    const left = text.slice(Math.max(0, start - beforeBytesMax), start)
    if (/(?:@|%(?:25)*40)$/.test(left)) return emails && port.digits === null ? { start, end, text: to.host } : null
    return bareHosts && !singleSlash.test(left) ? { start, end: oldEnd, text: tail } : null
  }
  return {
    needles: hosts.map(needleOf).filter((needle, _, all) => !all.some((other) => other !== needle && needle.includes(other))),
    find,
  }
}

/** By host and port, the longest path first; at the same length the one to replace wins over the one to keep. */
function candidatesOf(pairs: readonly AddressPair[]): Map<string, Candidate[]> {
  const candidates = new Map<string, Candidate[]>()
  const parsed = pairs.map(({ from, to }) => ({ from: parseAddress(from), to: parseAddress(to) }))
  for (const { from, to } of parsed) {
    for (const host of hostForms(from)) {
      const key = hostKey(host, from.port)
      const list = candidates.get(key) ?? []
      if (!list.some(({ path }) => path === from.path)) list.push({ path: from.path, to })
      candidates.set(key, list)
    }
  }
  for (const { to } of parsed) {
    for (const host of hostForms(to)) {
      const list = candidates.get(hostKey(host, to.port))
      if (
        list?.some(({ path }) => path !== to.path && `${to.path}/`.startsWith(`${path}/`)) &&
        !list.some(({ path }) => path === to.path)
      ) {
        list.push({ path: to.path, to: null })
      }
    }
  }
  for (const list of candidates.values()) list.sort((a, b) => b.path.length - a.path.length)
  return candidates
}

/** The whole host name around a place, without what only looks like a part of it: the `2F` of `%2Fhost`, the dot of a sentence. */
function hostAround(text: string, at: number, hostChars: RegExp): [start: number, end: number] {
  let start = at
  let end = at
  while (start > 0 && at - start < 256 && hostChars.test(text.charAt(start - 1))) start -= 1
  while (end < text.length && end - at < 256 && hostChars.test(text.charAt(end))) end += 1
  const previous = text[start - 1]
  const escape = previous === '%' ? /^(?:25)*[\da-f]{2}/i : previous === '\\' ? /^u00[\da-f]{2}/i : null
  start += escape?.exec(text.slice(start, end))?.[0].length ?? 0
  while (end > start && '.-_'.includes(text.charAt(end - 1))) end -= 1
  return [start, end]
}

/** Text is bytes here: other letters than those of ASCII must not change. */
function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const portPattern = /(:|%(?:25)*3a)(\d+)/iy

function portAt(text: string, at: number): { digits: string | null; colon: string | null; end: number } {
  portPattern.lastIndex = at
  const match = portPattern.exec(text)
  return match === null
    ? { digits: null, colon: null, end: at }
    : { digits: match[2] ?? null, colon: match[1] ?? null, end: portPattern.lastIndex }
}

const slashPattern = new RegExp(slashSource, 'iy')

function slashAt(text: string, at: number): string {
  slashPattern.lastIndex = at
  return slashPattern.exec(text)?.[0] ?? '/'
}
