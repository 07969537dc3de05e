import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { syncDirectorySync, writeFileDurably } from '../../base/files.ts'
import { announceChange } from '../../hosts/local/changes.ts'
import type { ManagedPlace } from './layout.ts'

/** All that a recovery needs: it may run before anything else of Cairn does. */
export interface SwitchJournal {
  /** Null for the first release of an environment */
  from: { number: number; account: string } | null
  to: { number: number; account: string }
  /** The new code was at the caches in the schema that both share, or may have been: going back they are emptied */
  touchesCaches?: true
}

type Place = Pick<ManagedPlace, 'directory'>

export function readSwitchJournal(place: Place): SwitchJournal | null {
  try {
    return JSON.parse(readFileSync(journalPath(place), 'utf8')) as SwitchJournal
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

export function writeSwitchJournal(place: Place, journal: SwitchJournal): void {
  announceChange()
  writeFileDurably(journalPath(place), JSON.stringify(journal))
}

export function removeSwitchJournal(place: Place): void {
  removeDurably(journalPath(place))
}

/** From now on every request is answered by 503: by the web server, and by `prepend.php` for what was queued before. */
export function raiseFlag(place: Place): void {
  announceChange()
  writeFileDurably(flagPath(place), '', 0o644)
}

export function lowerFlag(place: Place): void {
  removeDurably(flagPath(place))
}

export function isFlagRaised(place: Place): boolean {
  try {
    readFileSync(flagPath(place))
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

/** Gone for good once it returns. */
export function removeDurably(path: string): void {
  announceChange()
  rmSync(path, { force: true })
  syncDirectorySync(join(path, '..'))
}

function journalPath({ directory }: Place): string {
  return join(directory, 'switch.json')
}

function flagPath({ directory }: Place): string {
  return join(directory, 'maintenance')
}
