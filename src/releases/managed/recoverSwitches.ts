import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ManagedPlace } from './layout.ts'
import { readSwitchJournal } from './switchJournal.ts'
import { settleSwitch, type SettleOptions } from './switchRelease.ts'

export interface RecoverOptions extends Pick<SettleOptions, 'mysql'> {
  places: readonly ManagedPlace[]
  /** As of `switchRelease`, for the environment */
  onCommit(place: ManagedPlace, ...journal: Parameters<SettleOptions['onCommit']>): Promise<void>
  emptyCaches?(place: ManagedPlace, number: number): Promise<void>
}

/**
 * Ends every switch that a killed process left, before anything is served and before any workflow goes on. An environment whose
 * switch cannot be ended (its database server is away) stays at its 503, and the others are recovered all the same.
 */
export async function recoverSwitches(
  options: RecoverOptions,
): Promise<{ place: ManagedPlace; result: 'forward' | 'back' | { failed: unknown } }[]> {
  const done: Awaited<ReturnType<typeof recoverSwitches>> = []
  for (const place of options.places) {
    const journal = readSwitchJournal(place)
    if (journal === null) continue
    try {
      rmSync(join(place.directory, 'current.new'), { force: true })
      const settle: SettleOptions = {
        ...{ place, mysql: options.mysql, onCommit: (entry) => options.onCommit(place, entry) },
        emptyCaches: async (number) => options.emptyCaches?.(place, number),
      }
      done.push({ place, result: await settleSwitch(settle, journal) })
    } catch (failed) {
      done.push({ place, result: { failed } })
    }
  }
  return done
}
