import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'
import { announceChange } from '../../hosts/local/changes.ts'
import type { ManagedPlace } from './layout.ts'
import { lowerFlag, raiseFlag, readSwitchJournal, removeDurably } from './switchJournal.ts'

/** Says that a workflow keeps visitors away for longer than a switch, so that nothing is written meanwhile. */
export interface Hold {
  workflow: string
  /** Milliseconds since 1970 */
  since: number
}

type Place = Pick<ManagedPlace, 'directory'>

export function readHold(place: Place): Hold | null {
  try {
    return JSON.parse(readFileSync(holdPath(place), 'utf8')) as Hold
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/**
 * From now on every new request is answered by 503, until a switch ends or `endHold`; requests that run are the caller's to
 * wait for. The hold comes before the flag, so that a flag which nobody lowers any more has a name on it. Safe to repeat.
 */
export function beginHold(place: Place, workflow: string, now: number): void {
  const before = readHold(place)
  if (before?.workflow !== workflow) {
    announceChange()
    writeFileDurably(holdPath(place), JSON.stringify({ workflow, since: now } satisfies Hold))
  }
  raiseFlag(place)
}

/** Lets visitors in again where this workflow held them off. A switch that could not be ended keeps them away. Safe to repeat. */
export function endHold(place: Place, workflow: string): void {
  if (readHold(place)?.workflow !== workflow) return
  if (readSwitchJournal(place) === null) lowerFlag(place)
  forgetHold(place)
}

/** Behind the commit of a switch: what is written from now on is written into the new release. */
export function forgetHold(place: Place): void {
  if (readHold(place) !== null) removeDurably(holdPath(place))
}

/**
 * Lets visitors in where the workflow that held them off will not go on.
 *
 * @returns places that are still held, by workflows that will
 */
export async function endDeadHolds<P extends Place>(
  places: readonly P[],
  isAlive: (workflow: string) => Promise<boolean>,
): Promise<P[]> {
  const left: P[] = []
  for (const place of places) {
    const hold = readHold(place)
    if (hold === null) continue
    if (await isAlive(hold.workflow)) left.push(place)
    else endHold(place, hold.workflow)
  }
  return left
}

function holdPath({ directory }: Place): string {
  return join(directory, 'hold.json')
}
