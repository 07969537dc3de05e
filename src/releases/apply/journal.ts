import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { syncDirectorySync, writeFileDurably } from '../../base/files.ts'
import { runChild } from '../../base/spawn.ts'
import { announceChange, renameEntry } from '../../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../../hosts/local/handles.ts'
import { type Area, shown } from './areas.ts'
import type { Detail, JournalState, Move } from './types.ts'

/**
 * The journal of one apply, in its home: `areas` (written before any other work directory is made), `plan` (written once
 * and synced), `state`. How far each move is can be read off the file system: `in/<n>` gone means installed, `out/<n>`
 * there means displaced; `in/<n>.none` and `out/<n>.none` stand for an entry that was not there.
 */
export interface Journal {
  home: string
  workName: string
  /** A path in the home, through its handle */
  at(name: string): string
  state(): JournalState | null
  setState(state: JournalState): void
  areas(): Area[]
  setAreas(areas: readonly Area[]): void
  readPlan(): { moves: Move[]; details: Detail[] }
  close(): void
}

/**
 * @throws {Failure} UNDO_MISSING when the home is not there
 * @throws {Failure} APPLY_CONFLICT when it is not ours
 */
export function openJournal(home: string): Journal {
  const fd = openWorkDirectory(Buffer.from(dirname(home)), basename(home))
  if (fd === null) throw new Failure('UNDO_MISSING', `Cannot open "${home}": the directory is gone`)
  // through the handle: the name in the tree could be given to another directory meanwhile
  const at = (name: string): string => handlePath(fd, name).toString()
  return {
    home,
    workName: basename(home),
    at,
    state: () => readIfThere(at('state')) as JournalState | null,
    setState(state) {
      announceChange()
      writeFileDurably(at('state'), state)
      announceChange()
    },
    areas: () => JSON.parse(readIfThere(at('areas')) ?? '[]') as Area[],
    setAreas(areas) {
      announceChange()
      writeFileDurably(at('areas'), Buffer.from(JSON.stringify(areas), 'latin1'))
    },
    readPlan() {
      const moves: Move[] = []
      const details: Detail[] = []
      for (const line of readLines(at('plan'))) {
        const { move, detail } = line as { move?: Move; detail?: Detail }
        if (move !== undefined) moves.push(move)
        if (detail !== undefined) details.push(detail)
      }
      return { moves, details }
    },
    close: () => closeSync(fd),
  }
}

/**
 * Opens a work directory for reading, following no link on the way; null where it is not there.
 *
 * @throws {Failure} APPLY_CONFLICT when something else stands at its name
 */
export function openWorkDirectory(directory: Buffer, workName: string): number | null {
  let cause: unknown
  try {
    const parent = openDirectory(directory)
    try {
      const fd = openSync(handlePath(parent, workName), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
      const stat = fstatSync(fd)
      if (stat.uid === process.geteuid?.() && (stat.mode & 0o077) === 0) return fd
      closeSync(fd)
    } finally {
      closeSync(parent)
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    if (!isErrno(error, 'ENOTDIR', 'ELOOP')) throw error
    cause = error
  }
  throw new Failure('APPLY_CONFLICT', `Cannot use "${directory.toString()}/${workName}": it is not a directory of ours`, {
    hint: 'Somebody replaced the work directory of a restore: find out who before anything else',
    retry: 'after-repair',
    cause,
  })
}

export interface LineWriter {
  write(line: unknown): void
  /** Durable and under its name from here on */
  finish(): void
  /** Closes the file without giving it its name; nothing after `finish` */
  abandon(): void
}

/** Writes JSON lines to a file that appears whole or not at all. */
export function writeLines(journal: Journal, name: string): LineWriter {
  const aside = `${journal.at(name)}.new`
  const fd = openSync(aside, 'w', 0o600)
  let isOpen = true
  let buffer = ''
  const flush = (): void => {
    const bytes = Buffer.from(buffer, 'latin1')
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
    buffer = ''
  }
  const abandon = (): void => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  return {
    write(line) {
      buffer += `${JSON.stringify(line)}\n`
      if (buffer.length > 1 << 16) flush()
    },
    finish() {
      flush()
      announceChange()
      fsyncSync(fd)
      abandon()
      renameEntry(aside, journal.at(name))
      syncDirectorySync(journal.at(''))
    },
    abandon,
  }
}

/** The JSON lines of a file, read piece by piece; none where there is no file. */
export function* readLines(path: string): Generator<unknown, void> {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  try {
    const piece = Buffer.allocUnsafe(1 << 16)
    let rest = ''
    for (let got = readSync(fd, piece); got > 0; got = readSync(fd, piece)) {
      const lines = (rest + piece.toString('latin1', 0, got)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
    if (rest !== '') yield JSON.parse(rest)
  } finally {
    closeSync(fd)
  }
}

/** Everything written to the disk of this directory is durable when this returns (`syncfs`). */
export async function syncDisk(directory: string): Promise<void> {
  await runChild('sync', ['-f', '--', directory])
}

export function homeOf(area: Area, workName: string): string {
  return `${shown(area.directory)}/${workName}`
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
