import { join } from 'node:path'
import type { MysqlHome } from '../../runtime/types.ts'
import { discardBeside, discardRelease, removeBelow } from './discardRelease.ts'
import { currentRelease, type ManagedPlace } from './layout.ts'
import type { Names } from './names.ts'
import type { Release, Releases } from './records.ts'
import { readSwitchJournal } from './switchJournal.ts'

export interface DropOptions {
  place: ManagedPlace
  releases: Releases
  mysql: MysqlHome
  names: Names
  /** How many releases beside the current one are kept at most */
  keep: number
  now: Date
}

/**
 * Drops releases that were current once: those whose time is over, and the oldest ones beyond the number to keep. Never the
 * current one, by the link as well as by its row, and none while a switch is under way. Files and schemas that a later release
 * shares stay until the last of them goes. Safe to repeat; the environment is held by the caller.
 */
export async function dropReleases(options: DropOptions): Promise<Release[]> {
  const { place, releases, keep, now } = options
  if (readSwitchJournal(place) !== null) return []
  const current = currentRelease(place)
  const kept = (await releases.list(place.id)).filter(({ state, number }) => state === 'kept' && number !== current)
  const newestFirst = kept.sort((a, b) => Number(b.currentAt) - Number(a.currentAt))
  const over = newestFirst.filter(({ keepUntil }, index) => index >= keep || (keepUntil !== null && keepUntil <= now))
  for (const release of over) {
    await releases.setDropped(release) // from now on no undo leads there
    await discardRelease(options, release)
  }
  return over
}

/**
 * Drops everything that an environment has or had, for an environment that is about to be deleted: its PHP has ended and no request
 * finds it any more. Its row goes last, so that a crash in between is gone on with. Safe to repeat.
 */
export async function dropEnvironment(options: Omit<DropOptions, 'keep' | 'now'>): Promise<void> {
  const { place, releases } = options
  removeBelow(join(place.directory, 'current')) // a web server beside Cairn shows none of the halves
  for (const release of await releases.list(place.id, { withDropped: true })) await discardBeside([], options, release)
  removeBelow(place.directory)
}
