import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { drainPhp } from '../../releases/drain.ts'
import { forgetCompiled } from '../../releases/forgetCompiled.ts'
import { applyState, dropUndo, keepsOfSite, recoverApply } from '../../releases/apply/recover.ts'
import { playBack, playForward } from '../../releases/apply/play.ts'
import { flipDatabase } from '../../releases/database/flipDatabase.ts'
import { needPlan, readPlan } from '../../releases/database/plan.ts'
import { dropDatabaseUndo, recoverDatabase } from '../../releases/database/recoverDatabase.ts'
import { holdRequests, letRequestsIn } from '../../releases/hold.ts'
import { reloadPhp } from '../../releases/opcache.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { isUnfinished, markEnded, markUnfinished } from './unfinished.ts'

/** One prepared change of an environment: where its two plans lie. */
export interface Change {
  /** Names everything that stands aside in the database */
  id: string
  /** The journal of the apply of trees; null where none is changed */
  home: string | null
  database: boolean
}

export type Direction = 'forward' | 'back'

/** Where the plan of a change's database is kept. */
export function databaseDirectory(house: Pick<House, 'appliesDirectory'>, change: Pick<Change, 'id'>): string {
  return join(house.appliesDirectory, change.id)
}

/**
 * Plays a prepared change in one direction, whole or not at all: maintenance, drain, database, trees, PHP reloaded,
 * maintenance off. Safe to repeat after a crash at any moment: both plans know how far they are, and it goes on.
 *
 * The database goes first: that it is busy is found out before anything has moved. Where the trees then fail, the database goes
 * back. Where it fails and is not as before, requests stay held: it must be called again, see `untilEnded`.
 *
 * @param refresh called under maintenance before the first move, to include what the site changed since the plan was made
 * @throws {Failure} DATABASE_BUSY, or what else failed
 */
export async function playChange(
  house: House,
  environment: Environment,
  change: Change,
  direction: Direction,
  run: Run,
  refresh: () => Promise<void> = async () => {},
): Promise<void> {
  const uncancelled: Run = { ...run, signal: new AbortController().signal }
  await holdRequests(environment, change.home, run)
  try {
    await drainPhp(environment.phpReload, uncancelled)
    if (!isPlayed(house, change)) await refresh()
    await playMarked(house, environment, change, direction, uncancelled)
    await forgetCompiled(environment, uncancelled)
    await reloadPhp(environment.phpReload, uncancelled, environment)
  } finally {
    if (!isUnfinished(house, change.id)) await letRequestsIn(environment)
  }
}

/** From before the first move until everything is on one side the change is marked: see `untilEnded`. */
async function playMarked(house: House, environment: Environment, change: Change, direction: Direction, run: Run): Promise<void> {
  if (!isUnfinished(house, change.id)) requirePlans(house, change)
  markUnfinished(house, change.id)
  try {
    await playBoth(house, environment, change, direction, run)
  } catch (error) {
    if (standsWhole(house, change)) markEnded(house, change.id)
    throw error
  }
  markEnded(house, change.id)
}

/** @throws {Failure} UNDO_MISSING before anything moves: half of a change could be neither finished nor taken back */
function requirePlans(house: House, change: Change): void {
  if (change.database) needPlan(databaseDirectory(house, change))
  if (change.home === null || ![null, 'dropping'].includes(applyState(change.home))) return
  throw new Failure('UNDO_MISSING', `Cannot change the environment: "${change.home}" is gone or is being deleted`)
}

/** Whether trees and database are both on one side, with nothing under way and nobody locked out. */
function standsWhole(house: House, change: Change): boolean {
  const sides = new Set<'old' | 'new' | null>()
  if (change.home !== null) {
    const state = applyState(change.home)
    sides.add(state === 'done' ? 'new' : state === 'prepared' || state === 'undone' ? 'old' : null)
  }
  if (change.database) {
    const state = readPlan(databaseDirectory(house, change))?.state
    if (state === undefined || state.fenced || state.phase === 'moving') sides.add(null)
    else sides.add(state.phase === 'done' && state.direction === 'forward' ? 'new' : 'old')
  }
  return sides.size === 1 && !sides.has(null)
}

function hasBegun(house: House, change: Change, direction: Direction): boolean {
  const files = change.home === null ? null : applyState(change.home)
  const database = change.database ? readPlan(databaseDirectory(house, change)) : null
  const isDatabaseMoving = database !== null && database.state.phase !== 'prepared' && database.state.direction === direction
  return isDatabaseMoving || files === direction || files === (direction === 'forward' ? 'done' : 'undone')
}

async function playBoth(house: House, environment: Environment, change: Change, direction: Direction, run: Run): Promise<void> {
  const { database: credentials, adminDatabase: admin } = environment
  const flip = (way: Direction): Promise<void> =>
    flipDatabase(way, { directory: databaseDirectory(house, change), credentials, admin, run })
  if (change.database) {
    run.progress({ note: 'database' })
    await flip(direction)
  }
  if (change.home === null) return
  run.progress({ note: 'files' })
  const play = direction === 'forward' ? playForward : playBack
  try {
    await play(change.home, { run })
  } catch (error) {
    const opposite = direction === 'forward' ? 'back' : 'forward'
    run.log('error', `the trees could not be changed, going back: ${error instanceof Error ? error.message : String(error)}`)
    await (opposite === 'back' ? playBack : playForward)(change.home, { run })
    if (change.database) await flip(opposite)
    throw error
  }
}

/** Removes what was prepared and never played. After it nothing of the change is left; a change that has begun is not touched. */
export async function dropPrepared(house: House, environment: Environment, change: Change, run: Run): Promise<void> {
  const { database: credentials, adminDatabase: admin } = environment
  await letRequestsIn(environment) // a killed attempt may have entered it
  if (change.home !== null && ['prepared', null].includes(applyState(change.home))) await recoverApply(change.home, { run })
  const directory = databaseDirectory(house, change)
  const plan = readPlan(directory)
  if (change.database && (plan === null || plan.state.phase === 'prepared')) {
    await recoverDatabase({ directory, credentials, admin, run, id: change.id })
  }
}

/**
 * Removes what a change left that failed and went all the way back: nobody can play it again. What stands in its undo set
 * although everything went back came from the site while the change was played: then all of it stays, and the log says where.
 * A change that is anywhere else is not touched. Never for one with an undo row.
 */
export async function dropTakenBack(house: DirectoryOf, environment: Environment, change: Change, run: Run): Promise<void> {
  const files = change.home === null ? null : applyState(change.home)
  const directory = databaseDirectory(house, change)
  const database = change.database ? (readPlan(directory)?.state ?? null) : null
  const isBack = database?.phase === 'done' && database.direction === 'back'
  const neverMoved = change.home === null || files === 'prepared'
  const areFilesBack = files === 'undone' || files === 'dropping' || (neverMoved && isBack)
  if (!areFilesBack || !(database === null || database.phase === 'prepared' || isBack)) return
  if (change.home !== null && files === 'undone' && keepsOfSite(change.home)) {
    run.log('warn', `what appeared on the site during the failed restore is kept in "${change.home}/out"`)
    return
  }
  const { database: credentials, adminDatabase: admin } = environment
  if (change.database) await dropDatabaseUndo({ id: change.id, directory, credentials, admin })
  if (change.home !== null) dropUndo(change.home)
}

type DirectoryOf = Pick<House, 'appliesDirectory'>

/** Whether anything has moved: from then on a restore goes on to its end. */
export function isPlayed(house: House, change: Change): boolean {
  return hasBegun(house, change, 'forward') || hasBegun(house, change, 'back')
}

export function noUndo(environment: Environment): Failure {
  return new Failure('UNDO_MISSING', `Cannot undo on "${environment.site}.${environment.name}": no restore can be taken back`, {
    hint: 'Every restore takes a safety backup first: "cairn backup:list" shows it, and it can be restored',
  })
}
