import { readFileSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import { groupName, userName } from '../hosts/local/owners.ts'

export interface Range {
  start: number
  count: number
}

/** @param ranges numbers that others may use */
export function firstFree(from: number, ranges: readonly Range[]): number {
  let number = from
  for (;;) {
    const range = ranges.find((each) => contains(each, number))
    if (range !== undefined) number = range.start + range.count
    else if (userName(number) !== '' || groupName(number) !== '') number += 1
    else return number
  }
}

/** What users of this machine may give to their containers: a process of theirs could be anybody in it. */
export function readRanges(paths: readonly string[] = ['/etc/subuid', '/etc/subgid']): Range[] {
  return paths.flatMap((path) =>
    [...readIfThere(path).matchAll(/^[^:#\n]+:(\d+):(\d+)$/gm)].map(([, start, count]) => rangeOf(start, count)),
  )
}

/**
 * Who has come to an environment's number since it was given: accounts and ranges are made by other tools, which do not know
 * of ours. Null when nobody has.
 */
export function whoElse(uid: number, ranges = readRanges()): string | null {
  if (userName(uid) !== '') return `the account "${userName(uid)}"`
  if (groupName(uid) !== '') return `the group "${groupName(uid)}"`
  const range = ranges.find((each) => contains(each, uid))
  return range === undefined ? null : `containers of a user (${range.start}:${range.count} in /etc/subuid or /etc/subgid)`
}

/** @throws {Failure} RUNTIME_OFF where this process cannot give a file to that user: in a container that has few */
export function requireMapped(uid: number, maps: readonly string[] = ['/proc/self/uid_map', '/proc/self/gid_map']): void {
  for (const path of maps) {
    const ranges = [...readIfThere(path).matchAll(/^\s*(\d+)\s+\d+\s+(\d+)$/gm)].map(([, start, count]) => rangeOf(start, count))
    if (ranges.length === 0 || ranges.some((each) => contains(each, uid))) continue
    throw new Failure('RUNTIME_OFF', `Cannot give an environment a user of its own: this container has no user ${uid}`, {
      hint: 'Run Cairn in a container that has more users, or begin with a number that this one has (uidBase)',
      retry: 'after-repair',
    })
  }
}

function contains({ start, count }: Range, number: number): boolean {
  return number >= start && number < start + count
}

function rangeOf(start: string | undefined, count: string | undefined): Range {
  return { start: Number(start), count: Number(count) }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return ''
    throw error
  }
}
