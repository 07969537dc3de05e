import {
  chmodSync,
  chownSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  fstatSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'
import { signalProcess, waitUntilGone } from '../../base/processes.ts'
import { socketDirectory } from '../socketDirectory.ts'
import type { PhpPlace } from '../types.ts'
import { type FpmFiles, type FpmLimits, fpmConfig } from './fpmConfig.ts'
import { endMarked, markOf } from './mark.ts'
import type { Master } from './reload.ts'

/** `<data>/run/php/<id>`: what one environment's PHP needs to run. The environment's user owns two directories in it. */
export interface RunDirectory extends FpmFiles {
  path: string
  configFile: string
}

const logMaxBytes = 16 << 20
const noteName = 'master.json'

export function runDirectory(top: string, place: PhpPlace): RunDirectory {
  const path = join(top, place.id)
  return {
    path,
    configFile: join(path, 'php-fpm.conf'),
    socket: join(socketDirectory(join(path, 'socket'), 'php.sock'), 'php.sock'),
    masterLog: join(path, 'log/php-fpm.log'),
    phpLog: join(path, 'log/php.log'),
  }
}

/** Makes everything that is missing, and writes the configuration anew. Nothing is written in a directory that the site owns. */
export function prepareRun(run: RunDirectory, place: PhpPlace, limits: FpmLimits, webGroup: number | null): void {
  mkdirSync(run.path, { recursive: true, mode: 0o711 })
  ownDirectory(join(run.path, 'log'), place, 0o700)
  ownDirectory(join(run.socket, '..'), { uid: place.uid, gid: webGroup ?? place.gid }, 0o710)
  ownDirectory(join(place.directory, 'tmp'), place, 0o700)
  for (const log of [run.masterLog, run.phpLog]) if (log !== null) shorten(log)
  // who passes the directory may talk to the socket: the site itself, the web server's group, and root
  writeFileDurably(run.configFile, fpmConfig(place, run, limits, ['listen.mode = 0666']), 0o640)
  chownSync(run.configFile, 0, place.gid)
}

/** Directories stand in ours, where nobody else can put a link in their place. */
function ownDirectory(path: string, { uid, gid }: { uid: number; gid: number }, mode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode })
  if (!lstatSync(path).isDirectory()) throw new Error(`"${path}" is no directory`)
  chownSync(path, uid, gid)
  chmodSync(path, mode)
}

function shorten(log: string): void {
  const fd = openIfThere(log)
  if (fd === null) return
  try {
    const stat = fstatSync(fd)
    if (stat.isFile() && stat.size > logMaxBytes) ftruncateSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The log directory is the site's: it may hold a link or a pipe by that name. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP', 'ENXIO', 'EISDIR')) return null
    throw error
  }
}

interface MasterNote {
  pid: number
  startTicks: string
  uid: number
  mark: number
}

/** Before anything is started: whatever follows can be found again. */
export function noteMaster(path: string, holder: Master | null, { uid }: PhpPlace): void {
  const { pid, startTicks } = holder ?? { pid: 0, startTicks: '' }
  writeFileDurably(join(path, noteName), JSON.stringify({ pid, startTicks, uid, mark: markOf(path) } satisfies MasterNote))
}

/**
 * Ends what a killed Cairn or a killed master left of one environment's PHP, and never anything else: the note of a copied
 * data directory names the processes of the one that it was copied from.
 */
export async function endLeftover(path: string): Promise<boolean> {
  const note = readNote(join(path, noteName))
  if (note === null || note.mark !== markOf(path)) return false
  const found = signalProcess(note.pid, note.startTicks, 'SIGKILL')
  if (found) await waitUntilGone(note.pid, note.startTicks, 5000)
  return (await endMarked(note.uid, note.mark)) || found
}

function readNote(path: string): MasterNote | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as MasterNote
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
