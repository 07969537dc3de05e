import { comparePaths, type Entry } from '../../archive/entry.ts'
import { Failure } from '../../base/failure.ts'
import { statOrNull } from '../../hosts/local/changes.ts'
import { joinBytes, type WalkedEntry, walkTree, type WalkWarning } from '../../hosts/local/walk.ts'
import { type Ground, latin1 } from './areas.ts'
import type { ApplyPart } from './types.ts'

/** What the comparison found at one path, in the order of `comparePaths`. `full` is latin1. */
export type Decision<E extends Entry> =
  | { kind: 'matched'; full: string; current: WalkedEntry; wanted: E; same: boolean | Promise<boolean>; isSettled: boolean }
  | { kind: 'added'; full: string; wanted: E }
  | { kind: 'replaced'; full: string; current: WalkedEntry; wanted: E }
  /** Below an added or replaced directory */
  | { kind: 'inside'; below: string; full: string; wanted: E }
  | { kind: 'removed'; full: string; current: WalkedEntry; files: number; others: number; bytes: number }
  /** A directory that is not wanted but holds what is kept: it stays, what else it holds goes */
  | { kind: 'emptied'; full: string; current: WalkedEntry }

/**
 * Merges what stands on the disk with what is wanted. Both come in one order, so memory does not grow with the tree. What is
 * kept appears on neither side. Content is asked for only where kind and size agree and `wasSame` does not know the file.
 */
export async function* decide<E extends Entry>(
  part: ApplyPart<E>,
  ground: Ground,
  wasSame: (current: WalkedEntry) => boolean,
  onWarning: (warning: WalkWarning) => void,
): AsyncGenerator<Decision<E>> {
  const places = new Places(part, ground)
  const walk = walkTree(places.present, (path, isDirectory) => places.keptReason(path, isDirectory), onWarning)
  const wants = places.wanted(part.want())
  let current = places.next(walk)
  let wanted = await wants.next()
  let staging: { path: Buffer; full: string } | null = null
  while (current !== null || wanted.done !== true) {
    const want = wanted.done === true ? null : wanted.value
    const order = current === null ? 1 : want === null ? -1 : comparePaths(current.path, want.entry.path)
    let skip = false
    if (order > 0 && want !== null) {
      if (staging !== null && isBelow(want.entry.path, staging.path) && want.full.startsWith(`${staging.full}/`)) {
        yield { kind: 'inside', below: staging.full, full: want.full, wanted: want.entry }
      } else {
        staging = want.entry.kind === 'directory' ? { path: want.entry.path, full: want.full } : null
        yield { kind: 'added', full: want.full, wanted: want.entry }
      }
    } else if (current !== null && (order < 0 || want === null)) {
      const found = removal(current, places, onWarning)
      skip = found.kind === 'removed'
      yield found
    } else if (current !== null && want !== null) {
      const full = want.full
      if (current.kind === want.entry.kind) {
        yield {
          kind: 'matched',
          full,
          current,
          wanted: want.entry,
          same: compare(part, want.entry, current, wasSame),
          isSettled: isSettled(current),
        }
      } else {
        if (current.kind === 'directory' && survey(current, places, onWarning).holdsKept) throw conflict(current, want.entry)
        skip = true
        staging = want.entry.kind === 'directory' ? { path: want.entry.path, full } : null
        yield { kind: 'replaced', full, current, wanted: want.entry }
      }
    }
    if (order <= 0) current = places.next(walk, skip)
    if (order >= 0) wanted = await wants.next()
  }
}

interface Wanted<E> {
  entry: E
  full: string
}

/** Where the paths of one part stand, and which of them are kept. */
class Places<E extends Entry> {
  readonly part: ApplyPart<E>
  readonly ground: Ground
  readonly roots: { at: Buffer; full: string }[]
  readonly present: { directory: string; at: string }[]

  constructor(part: ApplyPart<E>, ground: Ground) {
    this.part = part
    this.ground = ground
    // the deepest first: the first that fits a path is the one that holds it
    this.roots = part.roots
      .map((root) => ({ at: Buffer.from(root.at), full: latin1(root.directory) }))
      .sort((a, b) => b.at.length - a.at.length)
    this.present = part.roots.filter((root) => statOrNull(root.directory)?.isDirectory() === true)
  }

  /** The full path (latin1) of an entry; null where no root holds it. */
  full(path: Buffer): string | null {
    for (const root of this.roots) {
      if (root.at.equals(path)) return root.full
      if (isBelow(path, root.at)) return `${root.full}/${path.toString('latin1', root.at.length === 0 ? 0 : root.at.length + 1)}`
    }
    return null
  }

  /** The next entry of the walk that really stands at its place: the walk also shows directories that only hold roots. */
  next(walk: Generator<WalkedEntry, void, 'skip' | undefined>, skip = false): WalkedEntry | null {
    let step = walk.next(skip ? 'skip' : undefined)
    while (step.done !== true && this.full(step.value.path) !== step.value.full.toString('latin1')) step = walk.next()
    return step.done === true ? null : step.value
  }

  keptReason(relPath: string, isDirectory: boolean): string | null {
    if (this.part.keep(relPath, isDirectory)) return 'kept'
    if (!isDirectory && this.part.keepPresent?.(relPath) === true) return 'kept where present'
    const full = this.full(Buffer.from(relPath))
    if (full === null) return null
    if (this.ground.mountedFiles.has(full)) return 'mounted'
    return this.isForeignRoot(full) ? 'of another element' : null
  }

  /** The wanted entries that have a place and are not kept. */
  async *wanted(entries: AsyncIterable<E>): AsyncGenerator<Wanted<E>> {
    let keptDirectory: Buffer | null = null
    for await (const entry of entries) {
      if (keptDirectory !== null && isBelow(entry.path, keptDirectory)) continue
      const full = this.full(entry.path)
      if (full === null) continue
      if (this.isKept(entry, full)) {
        keptDirectory = entry.kind === 'directory' ? entry.path : null
        continue
      }
      yield { entry, full }
    }
  }

  private isKept(entry: E, full: string): boolean {
    const relative = entry.path.toString()
    const isDirectory = entry.kind === 'directory'
    if (this.part.keep(relative, isDirectory) || this.ground.mountedFiles.has(full) || this.isForeignRoot(full)) return true
    // a rule may keep directories only: what stands there decides too
    if (this.part.keep(relative, !isDirectory) && statOrNull(Buffer.from(full, 'latin1'))?.isDirectory() === !isDirectory)
      return true
    return !isDirectory && this.part.keepPresent?.(relative) === true && statOrNull(Buffer.from(full, 'latin1')) !== null
  }

  private isForeignRoot(full: string): boolean {
    return this.ground.roots.has(full) && !this.roots.some((root) => root.full === full)
  }
}

function compare<E extends Entry>(
  part: ApplyPart<E>,
  wanted: E,
  current: WalkedEntry,
  wasSame: (current: WalkedEntry) => boolean,
): boolean | Promise<boolean> {
  if (wanted.kind === 'link') return wanted.target.equals(current.target)
  if (wanted.kind === 'directory') return true
  if (wanted.sizeBytes !== current.sizeBytes) return false
  return wasSame(current) || part.sameContent(wanted, current)
}

/** A second change within one tick of the clock leaves no trace in ctime: such a file is compared again. */
function isSettled(current: WalkedEntry): boolean {
  return BigInt(Date.now()) * 1_000_000n - current.ctimeNs > 50_000_000n
}

function removal<E extends Entry>(
  current: WalkedEntry,
  places: Places<E>,
  onWarning: (warning: WalkWarning) => void,
): Decision<E> {
  const full = current.full.toString('latin1')
  if (current.kind !== 'directory') {
    const isFile = current.kind === 'file'
    return { kind: 'removed', full, current, files: isFile ? 1 : 0, others: isFile ? 0 : 1, bytes: current.sizeBytes }
  }
  const { holdsKept, files, others, bytes } = survey(current, places, onWarning)
  return holdsKept ? { kind: 'emptied', full, current } : { kind: 'removed', full, current, files, others, bytes }
}

/** Whether a directory may leave its place, and what would go with it. */
function survey<E extends Entry>(current: WalkedEntry, places: Places<E>, onWarning: (warning: WalkWarning) => void) {
  const full = current.full.toString('latin1')
  const fixed = [...places.ground.fixed, ...places.ground.mountedFiles]
  let holdsKept = fixed.some((path) => path === full || path.startsWith(`${full}/`))
  let files = 0
  let others = 0
  let bytes = 0
  const exclude = (path: string, isDirectory: boolean): string | null => {
    const inside = path === '' ? current.path.toString() : joinBytes(current.path, Buffer.from(path)).toString()
    const reason = places.keptReason(inside, isDirectory)
    if (reason !== null && statOrNull(joinBytes(current.full, Buffer.from(path)))?.isDirectory() === isDirectory) holdsKept = true
    return reason
  }
  for (const entry of walkTree([{ directory: current.full, at: '' }], exclude, onWarning)) {
    if (entry.kind === 'file') files += 1
    else others += 1
    bytes += entry.sizeBytes
  }
  return { holdsKept, files, others, bytes }
}

export function isBelow(path: Buffer, directory: Buffer): boolean {
  if (directory.length === 0) return path.length > 0
  return path.length > directory.length && path[directory.length] === 0x2f && path.subarray(0, directory.length).equals(directory)
}

function conflict(current: WalkedEntry, wanted: Entry): Failure {
  const path = current.path.toString()
  return new Failure(
    'APPLY_CONFLICT',
    `Cannot replace the directory "${path}" by a ${wanted.kind}: it holds entries that are kept`,
    {
      hint: 'Move what is kept (configuration, files directory, mounts) to another place and restore again',
      retry: 'after-repair',
    },
  )
}
