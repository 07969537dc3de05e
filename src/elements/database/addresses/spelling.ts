import { bytesOf } from './addressPair.ts'

/** The ways in which a slash is written: as it is, in JSON (once or several times over), percent-encoded, in HTML. */
export const slashSource = String.raw`\\*\/|%(?:25)*2f|\\+u002f|&#x2f;|&#0?47;`

/** The path with its slashes in the spelling of one that stands there. */
export function spelledPath(path: string, slash: string): string {
  return slash === '/' ? path : path.replaceAll('/', slash)
}

/** A colon in the spelling that goes with a slash, where the text shows none itself. */
export function spelledColon(seen: string | null, slash: string): string {
  if (seen !== null) return seen
  return slash.startsWith('%') ? slash.slice(0, -2) + (slash.endsWith('f') ? '3a' : '3A') : ':'
}

/** True where a path's last segment ends: what follows does not make it another name. */
export function endsPathAt(text: string, at: number): boolean {
  const next = text.slice(at, at + 12)
  if (/^[\w~-]/.test(next)) return false
  if (/^\.+[\w~-]/.test(next)) return false
  const encoded = /^%(?:25)*([\da-f]{2})/i.exec(next)?.[1]
  if (encoded === undefined) return true
  const byte = Number.parseInt(encoded, 16)
  return byte < 0x80 && !/[\w~.-]/.test(String.fromCharCode(byte))
}

/** The longest run of plain letters, digits, dots and dashes: no spelling of an address or a path changes it. */
export function needleOf(text: string): string {
  const runs = bytesOf(text).match(/[a-zA-Z0-9.-]+/g) ?? []
  return runs.reduce((longest, run) => (run.length >= longest.length ? run : longest), '')
}
