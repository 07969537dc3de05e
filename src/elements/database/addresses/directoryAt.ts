import { Failure } from '../../../base/failure.ts'
import { bytesOf } from './addressPair.ts'
import type { Finder } from './replacer.ts'
import { endsPathAt, needleOf, slashSource, spelledPath } from './spelling.ts'

interface Root {
  from: string
  /** null for a new root that begins with an old one: kept where it stands */
  to: string | null
  needle: string
  /** Of the needle in `from` */
  needleAt: number
}

const slashBefore = new RegExp(`(?:${slashSource})$`, 'i')

/**
 * Finds directories that moved. `/srv/old` is not found in `/data/srv/old` nor in `/srv/older`.
 *
 * @throws {Failure} INPUT_INVALID for a path that is not absolute, or is the root directory
 */
export function directoryFinder(directories: readonly { from: string; to: string }[]): { needles: string[]; find: Finder } {
  const roots = rootsOf(directories)
  const find: Finder = (text, at) => {
    for (const { from, needle, needleAt } of roots) {
      if (text.slice(at, at + needle.length) !== needle) continue
      const segmentAt = at - segmentStart(from, needleAt)
      const slash = slashBefore.exec(text.slice(Math.max(0, segmentAt - 12), segmentAt))?.[0]
      if (slash === undefined) continue
      const start = at - spelledPath(from.slice(0, needleAt), slash).length
      if (start < 0 || continuesName(text, start)) continue
      const fits = roots.find((root) => {
        const spelled = spelledPath(root.from, slash)
        return text.startsWith(spelled, start) && endsPathAt(text, start + spelled.length)
      })
      if (fits === undefined) continue
      if (fits.to === null) return null
      return { start, end: start + spelledPath(fits.from, slash).length, text: spelledPath(fits.to, slash) }
    }
    return null
  }
  return { needles: roots.map(({ needle }) => needle), find }
}

function rootsOf(directories: readonly { from: string; to: string }[]): Root[] {
  const moves = directories.map(({ from, to }) => ({ from: parseDirectory(from), to: parseDirectory(to) }))
  const kept = moves.flatMap(({ to }) => (moves.some(({ from }) => to.startsWith(`${from}/`)) ? [{ from: to, to: null }] : []))
  return [...moves, ...kept.filter(({ from }) => !moves.some((move) => move.from === from))]
    .map(({ from, to }) => ({ from, to, needle: needleOf(from), needleAt: from.lastIndexOf(needleOf(from)) }))
    .sort((a, b) => b.from.length - a.from.length)
}

function parseDirectory(path: string): string {
  const bytes = bytesOf(path.replace(/\/+$/, ''))
  if (!bytes.startsWith('/') || /["'\\<>\r\n]/.test(bytes) || needleOf(bytes) === '') {
    throw new Failure('INPUT_INVALID', `Cannot replace directories: "${path}" is no absolute path of a directory`)
  }
  return bytes
}

/** How far before the needle its segment begins, where a segment holds more than plain letters. */
function segmentStart(from: string, needleAt: number): number {
  return needleAt - from.lastIndexOf('/', needleAt) - 1
}

/** True where the path before it goes on to the left: what stands there is only the end of another path. */
function continuesName(text: string, start: number): boolean {
  const left = text.slice(Math.max(0, start - 12), start)
  return !/%(?:25)*[\da-f]{2}$|\\u00[\da-f]{2}$|\\[bfnrt]$/i.test(left) && /[\w.~-]$/.test(left)
}
