import type { EnvironmentOverview, SiteOverview } from '../../../contract/overviewSchemas.ts'

const dayMs = 86_400_000
/** A backup older than this does not protect any more */
const oldMs = 2 * dayMs

export type Protection = 'protected' | 'old' | 'problem' | 'none' | 'empty'

/** Am I protected? By the newest backup that can be restored, and whether trying again has failed since. */
export function protectionOf({ empty, lastBackup, failedSince }: EnvironmentOverview, now: number): Protection {
  if (empty) return 'empty'
  if (failedSince !== null || lastBackup?.state === 'damaged') return 'problem'
  if (lastBackup === null) return 'none'
  return now - Date.parse(lastBackup.momentAt) > oldMs ? 'old' : 'protected'
}

const order: readonly Protection[] = ['problem', 'none', 'old', 'protected', 'empty']

/** A site is as well protected as the worst of its environments. */
export function worstOf(site: SiteOverview, now: number): Protection {
  const found = site.environments.map((environment) => protectionOf(environment, now))
  return order.find((one) => found.includes(one)) ?? 'empty'
}

export const protectionOrder = (site: SiteOverview, now: number): number => order.indexOf(worstOf(site, now))

export const protectionWords: Record<Protection, string> = {
  protected: 'Protected',
  old: 'Backup is old',
  problem: 'Problem',
  none: 'No backup',
  empty: 'Empty',
}
export const protectionColors: Record<Protection, string> = {
  protected: 'teal',
  old: 'yellow',
  problem: 'red',
  none: 'orange',
  empty: 'gray',
}
