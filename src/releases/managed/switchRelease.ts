import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { announceChange } from '../../hosts/local/changes.ts'
import type { PhpPool } from '../../runtime/types.ts'
import { type Accounts, fence, unfence } from './accounts.ts'
import { forgetHold, readHold } from './hold.ts'
import { currentRelease, type ManagedPlace, pointCurrentAt } from './layout.ts'
import type { Release } from './records.ts'
import {
  lowerFlag,
  raiseFlag,
  readSwitchJournal,
  removeSwitchJournal,
  type SwitchJournal,
  writeSwitchJournal,
} from './switchJournal.ts'
import { warmRelease } from './warmRelease.ts'

export interface SwitchOptions {
  place: ManagedPlace
  /** What is current; null for the first release of an environment */
  from: Release | null
  /** Prepared, or kept since it was current */
  to: Release
  /** Null where no PHP runs, because Cairn is not root */
  php: Pick<PhpPool, 'reload' | 'request'> | null
  mysql: Accounts
  /** The environment's address: what the release is warmed up under */
  url: string
  /** Of an undo: what was current may be so again, whatever its front page says @default {false} */
  mayBeBroken?: boolean
  /** While nothing of the site runs and the new release's account is open: emptying caches, updating the database */
  underFence?(): Promise<void>
  /** Empties the caches in the database of a release: of `from`, before it is shown again behind `underFence`. Safe to repeat. */
  emptyCaches?(number: number): Promise<void>
  /** Behind the commit, before requests come in: the rows follow the link. Called again by a recovery; safe to repeat. */
  onCommit(journal: SwitchJournal): Promise<void>
  run: Run
}

export interface SwitchTimes {
  maintenanceMs: number
  drainMs: number
  fenceMs: number
  warmMs: number
  /** Requests that the drain had to end */
  killedRequests: number
}

/**
 * Makes another release the current one, whole or not at all: journal, maintenance, drain, fence, warm-up, one rename,
 * maintenance off. Every request that had begun ends first; what comes later waits at a 503. When it fails, the release before
 * is current again and open. A crash at any moment is finished, or taken back, by `recoverSwitches`. An undo is the same with
 * the roles exchanged.
 *
 * The account of the target is opened before the warm-up, which needs the database: until the rename a failure locks it again.
 *
 * @throws {Failure} APPLY_CONFLICT for a release that is not current, VERIFY_FAILED for one that answers with an error
 */
export async function switchRelease(options: SwitchOptions): Promise<SwitchTimes> {
  const { place, from, to, php, mysql, run } = options
  requirePlace(place, from, to)
  let journal: SwitchJournal = { from: from === null ? null : partOf(from), to: partOf(to) }
  const clock = makeClock()
  writeSwitchJournal(place, journal)
  try {
    raiseFlag(place)
    run.progress({ note: 'waiting for running requests' })
    announceChange()
    const drained = await clock('drain', async () => php?.reload())
    run.progress({ note: 'closing the release before' })
    await clock('fence', async () => {
      announceChange()
      if (from !== null) await fence(mysql, from.account)
      announceChange()
      await mysql.unlockAccount(to.account)
    })
    announceChange()
    if (options.underFence !== undefined) {
      writeSwitchJournal(place, (journal = { ...journal, touchesCaches: true }))
      await options.underFence()
    }
    run.progress({ note: 'warming up' })
    if (php !== null) {
      const { url, mayBeBroken = false } = options
      await clock('warm', () => warmRelease({ php, place, release: to, url, mayBeBroken, run }))
    }
    pointCurrentAt(place, to.number)
    await finishSwitch(options, journal)
    const { drain = 0, fence: fenced = 0, warm = 0 } = clock.times
    return {
      ...{ maintenanceMs: clock.all(), drainMs: drain, fenceMs: fenced, warmMs: warm },
      killedRequests: drained?.killed ?? 0,
    }
  } catch (error) {
    // behind the rename it goes on, before it back: in both ways as after a crash
    await settleSwitch(options, journal).catch((cause: unknown) => {
      throw unsettled(place, cause, error)
    })
    if (currentRelease(place) !== to.number) throw error
    run.log(
      'warn',
      `the switch to release ${to.number} was finished after ${error instanceof Error ? error.message : String(error)}`,
    )
    return { maintenanceMs: clock.all(), drainMs: 0, fenceMs: 0, warmMs: 0, killedRequests: 0 }
  }
}

export type SettleOptions = Pick<SwitchOptions, 'place' | 'onCommit' | 'emptyCaches'> & { mysql: SwitchOptions['mysql'] }

/**
 * Ends a switch that was interrupted, by where `current` points: forward behind the rename, back before it. Safe to repeat.
 *
 * @returns which of the two it was
 */
export async function settleSwitch(options: SettleOptions, journal: SwitchJournal): Promise<'forward' | 'back'> {
  const { place, mysql } = options
  const { from, to } = journal
  if (currentRelease(place) === to.number) {
    announceChange()
    if (from !== null) await fence(mysql, from.account)
    announceChange()
    await unfence(mysql, to.account)
    await finishSwitch(options, journal)
    return 'forward'
  }
  announceChange()
  if (from !== null) await unfence(mysql, from.account)
  announceChange()
  await fence(mysql, to.account)
  if (from !== null && journal.touchesCaches === true) await options.emptyCaches?.(from.number)
  // a workflow that held visitors off before the switch does so until it has ended, or goes on
  if (readHold(place) === null) lowerFlag(place)
  removeSwitchJournal(place)
  return 'back'
}

/** Everything behind the rename but the accounts. */
async function finishSwitch(
  { place, onCommit }: Pick<SwitchOptions, 'place' | 'onCommit'>,
  journal: SwitchJournal,
): Promise<void> {
  announceChange()
  await onCommit(journal)
  forgetHold(place)
  lowerFlag(place)
  removeSwitchJournal(place)
}

function requirePlace(place: ManagedPlace, from: Release | null, to: Release): void {
  const current = currentRelease(place)
  const refuse = (found: string): never => {
    throw new Failure('APPLY_CONFLICT', `Cannot switch "${place.site}.${place.name}" to release ${to.number}: ${found}`)
  }
  if (readSwitchJournal(place) !== null) refuse('a switch was interrupted and has not been recovered')
  if (current !== (from?.number ?? null)) refuse(`release ${current ?? 'none'} is current, not ${from?.number ?? 'none'}`)
  if (current === to.number) refuse('it is current already')
}

function unsettled({ site, name }: ManagedPlace, cause: unknown, first: unknown): Failure {
  const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))
  return new Failure('DATABASE_BUSY', `Cannot switch "${site}.${name}" (${text(first)}), and cannot go back: ${text(cause)}`, {
    hint: 'The environment answers 503 until the next start of Cairn has recovered it',
    retry: 'after-repair',
    cause,
  })
}

function partOf({ number, account }: Release): SwitchJournal['to'] {
  return { number, account }
}

function makeClock() {
  const began = performance.now()
  const times: Record<string, number> = {}
  const measure = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      times[name] = Math.round(performance.now() - start)
    }
  }
  return Object.assign(measure, { times, all: () => Math.round(performance.now() - began) })
}
