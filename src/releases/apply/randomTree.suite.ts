import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Entry } from '../../archive/entry.ts'
import { isErrno } from '../../base/failure.ts'
import { quietRun, type Run } from '../../base/run.ts'
import { mtimeSeconds } from '../../hosts/local/changes.ts'
import { workDirectoryName, type WalkedEntry, walkTree } from '../../hosts/local/walk.ts'
import type { ApplyOptions, ApplyPart, FetchJob } from './types.ts'

/** Trees for the tests of an apply, the same for the same seed, and what stands in for a repository: another tree. */
export interface Chance {
  fraction(): number
  below(limit: number): number
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return { fraction, below: (limit) => Math.floor(fraction() * limit) }
}

const names = ['a', 'b', 'c d', 'é', 'n\nl', 'x.php', 'style.css', 'z']

export function growTree(chance: Chance, directory: string, depth: number): void {
  mkdirSync(directory, { recursive: true })
  const count = 3 + chance.below(5)
  for (let i = 0; i < count; i++) {
    const path = `${directory}/${names[i]}${i}`
    const kind = chance.fraction()
    if (kind < 0.3 && depth > 0) growTree(chance, path, depth - 1)
    else if (kind < 0.4) symlinkSync(['x', '../a0', '/etc/passwd', 'missing'][chance.below(4)] ?? 'x', path)
    else writeFileSync(path, content(chance))
  }
}

/** Gives every entry a mode and a time of its own; some directories are read-only, sticky or setgid. */
export function setRandomMetadata(chance: Chance, directory: string): void {
  const directoryModes = [0o755, 0o755, 0o555, 0o2775, 0o775, 0o1777]
  const fileModes = [0o644, 0o644, 0o444, 0o755, 0o600, 0o440]
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`
    const stat = lstatSync(path)
    if (stat.isDirectory()) setRandomMetadata(chance, path)
    const mode = (stat.isDirectory() ? directoryModes : fileModes)[chance.below(6)] ?? 0o644
    if (!stat.isSymbolicLink()) chmodSync(path, mode)
    setTime(path, 1_600_000_000 + chance.below(1e8) + chance.below(1e6) / 1e6)
  }
}

/** Changes a tree here and there: removed, other content, other kind, new, other mode, other time. */
export function mutateTree(chance: Chance, directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`
    const stat = lstatSync(path)
    const kind = chance.fraction()
    if (stat.isDirectory()) {
      if (kind < 0.28) rmSync(path, { recursive: true })
      if (kind < 0.12) continue
      if (kind < 0.2) writeFileSync(path, 'was a directory')
      else if (kind < 0.28) symlinkSync('b1', path)
      else {
        chmodSync(path, 0o755)
        mutateTree(chance, path)
        // a name that an earlier change took may be anything by now, a dangling link too
        const isFree = (name: string): boolean => lstatSync(`${path}/${name}`, { throwIfNoEntry: false }) === undefined
        const name = `new${chance.below(9)}`
        if (chance.fraction() < 0.3 && isFree(name)) writeFileSync(`${path}/${name}`, 'n')
        if (chance.fraction() < 0.15 && isFree('newdir')) growTree(chance, `${path}/newdir`, 1)
        if (chance.fraction() < 0.3) chmodSync(path, 0o555)
      }
    } else if (kind < 0.12) {
      rmSync(path)
    } else if (kind < 0.3) {
      const same = stat.isFile() && chance.fraction() < 0.4
      rmSync(path)
      // same size and time, other content: what a comparison by size and time would miss
      writeFileSync(path, same ? Buffer.alloc(stat.size, 7) : content(chance))
      if (same) setTime(path, stat.mtimeMs / 1000)
      chmodSync(path, [0o644, 0o444][chance.below(2)] ?? 0o644)
    } else if (kind < 0.36) {
      rmSync(path)
      growTree(chance, path, 1)
    } else if (kind < 0.42 && !stat.isSymbolicLink()) {
      chmodSync(path, 0o604)
    } else if (kind < 0.48) {
      setTime(path, 1_700_000_000 + chance.below(1e6) / 1e6)
    }
  }
}

/** One line an entry: path, kind, mode, time in µs, content; with `exact` also owner, inode and full time of what is no directory. */
export function describeTree(directory: string, exact: boolean): string[] {
  const lines: string[] = []
  const visit = (relative: string): void => {
    const path = directory + relative
    const stat = lstatSync(path, { bigint: true })
    const kind = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'file'
    const body =
      kind === 'link' ? readlinkSync(path) : kind === 'file' ? createHash('sha1').update(readFileSync(path)).digest('hex') : ''
    lines.push(
      [
        relative,
        kind,
        (stat.mode & 0o7777n).toString(8),
        stat.mtimeNs / 1000n,
        body,
        exact ? `${stat.uid}:${stat.gid}` : '',
      ].join(' | '),
    )
    if (kind !== 'directory') return
    for (const name of readdirSync(path).sort()) if (!workDirectoryName.test(name)) visit(`${relative}/${name}`)
  }
  visit('')
  return lines
}

/** A part that is to become what `model` is. */
export function partFrom(tree: string, model: string, more: Partial<ApplyPart<WalkedEntry>> = {}): ApplyPart<WalkedEntry> {
  return {
    roots: [{ directory: tree, at: '' }],
    keep: () => false,
    sameContent: async (wanted, current) => readFileSync(wanted.full).equals(readFileSync(current.full)),
    async *want() {
      yield* walkTree([{ directory: model, at: '' }])
    },
    fetch: async (jobs) => jobs.forEach(copyJob),
    ...more,
  }
}

export function optionsFrom(parts: ApplyPart<WalkedEntry>[], workName: string, run: Run = quietRun()): ApplyOptions<WalkedEntry> {
  return { parts, workName, run, syncDisk: async () => {} }
}

function copyJob({ entry, to, mode, owner }: FetchJob<Entry & { full: Buffer }>): void {
  copyFileSync(entry.full, to, 1) // COPYFILE_EXCL
  chmodSync(to, 0o600)
  const fd = openSync(to, 'r+')
  try {
    if (owner !== null) fchownSync(fd, owner.uid, owner.gid)
    futimesSync(fd, mtimeSeconds(entry.mtimeNs), mtimeSeconds(entry.mtimeNs))
    fchmodSync(fd, mode)
  } catch (error) {
    if (process.geteuid?.() === 0 || !isErrno(error, 'EPERM')) throw error
  } finally {
    closeSync(fd)
  }
}

export function giveTree(directory: string, uid: number, gid: number): void {
  const stat = lstatSync(directory)
  lchownSync(directory, uid, gid)
  if (stat.isDirectory()) for (const name of readdirSync(directory)) giveTree(`${directory}/${name}`, uid, gid)
  if (!stat.isSymbolicLink()) chmodSync(directory, stat.mode & 0o7777) // a change of owner takes setgid away
}

function setTime(path: string, seconds: number): void {
  lutimesSync(path, seconds, seconds)
}

function content(chance: Chance): Buffer {
  return Buffer.from(Array.from({ length: chance.below(3000) }, () => chance.below(256)))
}
