import { closeSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { handlePath } from '../../hosts/local/handles.ts'
import { mountPointsBelow } from '../../hosts/local/mounts.ts'
import { latin1, shown } from './areas.ts'
import { type Journal, openJournal, openWorkDirectory } from './journal.ts'
import { type PlayOptions, playBack, playForward } from './play.ts'
import type { JournalState } from './types.ts'
import { removeWorkDirectory } from './work.ts'

/**
 * Brings an apply to an end after its process died at any moment, and may itself die at any moment and be called again.
 * Begun to play: goes on to the end of that direction. Not begun: removes what was laid ready.
 *
 * @returns `new` where the plan is applied, `old` where the site is as before (also when there is no work directory)
 */
export async function recoverApply(home: string, options: PlayOptions = {}): Promise<'old' | 'new'> {
  const journal = openIfThere(home)
  if (journal === null) return 'old'
  const state = journal.state()
  journal.close()
  switch (state) {
    case null:
    case 'prepared':
    case 'dropping':
      removeAll(home)
      return 'old'
    case 'forward':
      await playForward(home, options)
      return 'new'
    case 'back':
      await playBack(home, options)
      return 'old'
    case 'done':
      return 'new'
    case 'undone':
      return 'old'
  }
}

/** How far an apply is; null where it has no journal (any more). */
export function applyState(home: string): JournalState | null {
  const journal = openIfThere(home)
  try {
    return journal?.state() ?? null
  } finally {
    journal?.close()
  }
}

/**
 * Whether the undo set of an apply that is `undone` holds anything of the site: what came into the way while it was played.
 * All else went back.
 */
export function keepsOfSite(home: string): boolean {
  const journal = openIfThere(home)
  if (journal === null) return false
  try {
    return journal.areas().some((area) => {
      const work = openWorkDirectory(Buffer.from(area.directory, 'latin1'), journal.workName)
      if (work === null) return false
      try {
        return readdirSync(handlePath(work, 'out')).length > 0
      } finally {
        closeSync(work)
      }
    })
  } finally {
    journal.close()
  }
}

/**
 * Deletes the undo set, and with it the way back. Does nothing when it is gone; goes on where a call before was cut.
 *
 * @throws {Failure} APPLY_CONFLICT while an apply is being played, or when a mount lies inside: a directory that was moved
 *   took it along, and deleting would empty what is live
 */
export function dropUndo(home: string): void {
  const journal = openIfThere(home)
  if (journal === null) return
  try {
    const state = journal.state()
    if (state === 'forward' || state === 'back') {
      throw new Failure('APPLY_CONFLICT', `Cannot delete the undo set "${home}": the apply has not ended`, { retry: 'later' })
    }
    assertNoMounts(journal)
    journal.setState('dropping')
  } finally {
    journal.close()
  }
  removeAll(home)
}

/** The home goes last, and in it the list of the others: a call that was cut can be repeated. */
function removeAll(home: string): void {
  const journal = openIfThere(home)
  if (journal === null) return
  let areas = journal.areas()
  try {
    assertNoMounts(journal)
  } finally {
    journal.close()
  }
  if (areas.length === 0) areas = [areaOf(home)]
  for (const area of areas.slice(1)) removeWorkDirectory(area, basename(home))
  // the state outlives the list: without it, what is left counts as never begun
  for (const area of areas.slice(0, 1)) removeWorkDirectory(area, basename(home), ['areas', 'state'])
}

function assertNoMounts(journal: Journal): void {
  const directories = [latin1(journal.home), ...journal.areas().map((area) => `${area.directory}/${journal.workName}`)]
  const [mount] = directories.flatMap((directory) => mountPointsBelow(directory))
  if (mount === undefined) return
  throw new Failure('APPLY_CONFLICT', `Cannot delete the undo set "${journal.home}": "${shown(mount)}" is mounted inside`, {
    hint: 'Unmount it first; its content is in use and must not be deleted',
    retry: 'after-repair',
  })
}

function areaOf(home: string): { directory: string; mtimeNs: string } {
  return { directory: latin1(dirname(home)), mtimeNs: '0' }
}

function openIfThere(home: string): Journal | null {
  try {
    return openJournal(home)
  } catch (error) {
    if (error instanceof Failure && error.code === 'UNDO_MISSING') return null
    throw error
  }
}
