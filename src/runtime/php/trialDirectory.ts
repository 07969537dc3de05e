import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeRun } from '../removeRun.ts'
import { socketDirectory } from '../socketDirectory.ts'
import type { PhpPlace } from '../types.ts'
import { markOf } from './mark.ts'
import { noteMaster } from './runDirectory.ts'

/** Where PHP runs once, for a release that nobody visits: a boot check, or a tool of the site. */
export interface TrialDirectory {
  path: string
  /** What everything that runs from it carries, see `markOf` */
  mark: number
  /** Of the group alone */
  sockets: string
  /** Where a database that is reached by TCP listens for this run */
  relaySocket: string
  /** The environment's own, which stays */
  temporary: string
  remove(): void
}

/** Noted before anything runs in it: what a killed server leaves is found by the next start. */
export function makeTrialDirectory(directory: string, place: PhpPlace): TrialDirectory {
  const path = join(directory, `trial-${randomBytes(8).toString('hex')}`)
  mkdirSync(path, { mode: 0o711 })
  noteMaster(path, null, place)
  const sockets = socketDirectory(join(path, 'socket'), 'database.sock')
  chmodSync(sockets, 0o770)
  chownSync(sockets, 0, place.gid)
  const temporary = join(place.directory, 'tmp')
  mkdirSync(temporary, { recursive: true })
  chownSync(temporary, place.uid, place.gid)
  const all = sockets.startsWith(`${path}/`) ? [path] : [path, sockets]
  return {
    ...{ path, mark: markOf(path), sockets, relaySocket: join(sockets, 'database.sock'), temporary },
    remove() {
      for (const made of all) removeRun(made)
    },
  }
}
