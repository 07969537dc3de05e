import { refuse, shown } from './refuse.ts'
import type { ForeignLimits } from './types.ts'

const slash = 0x2f
const dot = 0x2e

/**
 * The path of a member, as it may be kept: no leading `./`, no slash at the end, no part that leads elsewhere on any system.
 * Null for the root itself.
 *
 * @throws {Failure} ARCHIVE_DAMAGED
 */
export function parseForeignPath(name: Buffer, limits: ForeignLimits): Buffer | null {
  let from = 0
  let to = name.length
  if (to === 0) throw refuse('path', 'a path is empty')
  if (to > limits.pathBytesMax) throw refuse('path-length', `a path has ${to} bytes`)
  while (name[from] === dot && (name[from + 1] === slash || from + 1 === to)) {
    from += 1
    while (name[from] === slash) from += 1
  }
  while (to > from && name[to - 1] === slash) to -= 1
  const path = name.subarray(from, to)
  if (path.length === 0) {
    if (from === 0) throw refuse('path', `the path ${shown(name)} is absolute`)
    return null
  }
  checkBytes(name, path)
  checkParts(path, limits)
  return path
}

function checkBytes(name: Buffer, path: Buffer): void {
  if (path[0] === slash) throw refuse('path', `the path ${shown(name)} is absolute`)
  if (path[1] === 0x3a && /^[A-Za-z]$/.test(String.fromCharCode(path[0] as number))) {
    throw refuse('path', `the path ${shown(name)} begins with a drive`)
  }
  for (const byte of path) {
    if (byte < 0x20 || byte === 0x7f) throw refuse('path', `the path ${shown(name)} holds a control character`)
    if (byte === 0x5c) throw refuse('path', `the path ${shown(name)} holds a backslash`)
  }
}

function checkParts(path: Buffer, limits: ForeignLimits): void {
  let depth = 0
  for (let from = 0; from <= path.length;) {
    const next = path.indexOf(slash, from)
    const to = next < 0 ? path.length : next
    const length = to - from
    if (length === 0) throw refuse('path', `the path ${shown(path)} has an empty part`)
    if (path[from] === dot && (length === 1 || (length === 2 && path[from + 1] === dot))) {
      throw refuse('path', `the path ${shown(path)} leads out of the archive`)
    }
    if (length > limits.nameBytesMax) throw refuse('path-length', `a name in ${shown(path)} has ${length} bytes`)
    depth += 1
    from = to + 1
  }
  if (depth > limits.depthMax) throw refuse('path-depth', `a path has ${depth} parts`)
}

/**
 * Where a symbolic link at `path` leads, when it stays inside of `root` whatever the other links of the archive are: relative,
 * `..` at its beginning only (behind another name they would be counted from where that name leads). Null when it may not.
 *
 * @param path below the root
 */
export function linkStaysInside(path: Buffer, target: Buffer): boolean {
  const text = target.toString('latin1')
  if (text === '' || text.startsWith('/') || text.includes('\0') || text.includes('\\') || text.length > 4096) return false
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  const up = parts.findIndex((part) => part !== '..')
  const ups = up < 0 ? parts.length : up
  if (parts.slice(ups).includes('..')) return false
  return ups <= path.toString('latin1').split('/').length - 1
}
