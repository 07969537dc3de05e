import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import type { HandleTree } from '../hosts/local/handles.ts'
import { isRefName } from './refs.ts'

/** What a `.git` directory from outside says about itself: names and ids, none of which is believed yet. */
export interface ForeignRefs {
  /** The branch that HEAD stands on; null when HEAD names a commit */
  headBranch: string | null
  headId: string
  /** Branches, tags and notes with names that can be kept */
  refs: Map<string, string>
  /** Names of the same kinds that cannot */
  leftOut: string[]
}

const isId = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)
const isKept = (name: string): boolean => /^refs\/(heads|tags|notes)\//.test(name)
const fileMax = 64 << 20
const depthMax = 20

/**
 * Reads HEAD, packed-refs and refs/ as plain text. Links are not followed, other kinds of refs (replacements, remotes,
 * stashes, those of Cairn) are passed over.
 *
 * @throws {Failure} HISTORY_REFUSED when HEAD leads to no commit's id
 */
export function readForeignRefs(tree: HandleTree): ForeignRefs {
  const found = new Map<string, string>()
  const leftOut: string[] = []
  for (const line of (readForeign(tree, 'packed-refs') ?? '').split('\n')) {
    const [, id, name] = /^([0-9a-f]{40}) (.+)$/.exec(line) ?? []
    if (id !== undefined && name !== undefined) found.set(name, id)
  }
  for (const { name, text } of looseRefs(tree, 'refs', 0)) {
    const id = text.trim()
    if (isId(id)) found.set(name, id)
    else if (isKept(name)) leftOut.push(name)
  }
  const head = (readForeign(tree, 'HEAD') ?? '').trim()
  const branch = /^ref: (refs\/heads\/.+)$/.exec(head)?.[1] ?? null
  const headId = branch === null ? head : (found.get(branch) ?? '')
  if (!isId(headId)) throw refused(headReason(head, found))
  const refs = keepRefs(found, leftOut)
  return { headBranch: branch !== null && refs.has(branch) ? branch : null, headId, refs, leftOut }
}

export function refused(why: string, hint?: string): Failure {
  return new Failure('HISTORY_REFUSED', `Cannot take over the git history: ${why}`, {
    hint: hint ?? 'Import the code without its history, or push the history with git',
  })
}

/** Those that can be kept, by name; of a name and one below it only the shorter fits a file system. */
export function keepRefs(found: ReadonlyMap<string, string>, leftOut: string[]): Map<string, string> {
  const kept = new Map<string, string>()
  for (const [name, id] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isKept(name)) continue
    const parts = name.split('/')
    const isBelow = parts.some((_, at) => kept.has(parts.slice(0, at).join('/')))
    if (isRefName(name) && !isBelow) kept.set(name, id)
    else leftOut.push(name)
  }
  return kept
}

function headReason(head: string, found: ReadonlyMap<string, string>): string {
  if (head === '') return 'it has no HEAD'
  if (head === 'ref: refs/heads/.invalid') return 'its refs are kept in a format (reftable) that is not read'
  if (/^[0-9a-f]{64}$/.test(head) || [...found.values()].some((id) => id.length === 64)) return 'its objects are named by SHA-256'
  return 'its HEAD names no commit'
}

/** A small text file; null when it is missing or no plain file. */
export function readForeign(tree: HandleTree, name: string): string | null {
  let fd
  try {
    fd = openSync(tree.at(Buffer.from(name, 'latin1')), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return null
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > fileMax) return null
    const bytes = Buffer.alloc(stat.size)
    let done = 0
    for (let n = 1; done < bytes.length && n > 0; done += n) n = readSync(fd, bytes, done, bytes.length - done, null)
    return bytes.subarray(0, done).toString()
  } finally {
    closeSync(fd)
  }
}

/** Names of a directory, as latin1; none when it is missing or a link. */
export function foreignNames(tree: HandleTree, directory: string): string[] {
  try {
    // `at` opens the parents of a name and follows no link there: so `.` in it is the directory itself
    return readdirSync(tree.at(Buffer.from(`${directory}/.`, 'latin1')), { encoding: 'latin1' }).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return []
    throw error
  }
}

function* looseRefs(tree: HandleTree, at: string, depth: number): Generator<{ name: string; text: string }> {
  if (depth > depthMax) return
  for (const raw of foreignNames(tree, at)) {
    const path = `${at}/${raw}`
    const text = readForeign(tree, path)
    if (text !== null) yield { name: Buffer.from(path, 'latin1').toString(), text: text.slice(0, 1000) }
    else yield* looseRefs(tree, path, depth + 1)
  }
}
