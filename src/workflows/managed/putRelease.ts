import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import { describeRelease } from '../../releases/managed/describeRelease.ts'
import { discardRelease } from '../../releases/managed/discardRelease.ts'
import { dropReleases } from '../../releases/managed/dropReleases.ts'
import { beginHold, endHold, readHold } from '../../releases/managed/hold.ts'
import { currentRelease, type ManagedPlace, placeOf } from '../../releases/managed/layout.ts'
import { prepareRelease, type PrepareOptions } from '../../releases/managed/prepareRelease.ts'
import type { Release } from '../../releases/managed/records.ts'
import { recoverSwitches } from '../../releases/managed/recoverSwitches.ts'
import { switchRelease } from '../../releases/managed/switchRelease.ts'
import { emptyCaches } from '../../releases/managed/upkeep/emptyCaches.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { type OpenHome, siteUuid } from './home.ts'
import { tryRelease } from './tryRelease.ts'

export type WantedRelease = Pick<
  PrepareOptions,
  'framework' | 'docroot' | 'commit' | 'code' | 'files' | 'database' | 'site' | 'expectedBytes' | 'learn' | 'onFailure'
> & {
  backup: string | null
  what: string
  /** Called when the release is prepared, or when that failed */
  close?(): Promise<void>
}

export interface PutOptions {
  environmentId: string
  /** Keeps visitors away from before the release is made until it is switched to: nothing is written that it would lack */
  holdsVisitors?: boolean
  /** Says what the release is made of; called in the step that prepares it, again after a crash */
  make(ground: Ground, run: Run, say: (sentence: string) => void): Promise<WantedRelease>
  /** Of a release with a schema of its own: what its site does there, before anything is tried. @returns sentences */
  upkeep?(ground: Ground, number: number, run: Run): Promise<string[]>
  /** On the schema that it shares, while nothing of the site runs: its caches, which an undo then empties as well */
  underFence?(ground: Ground, number: number, run: Run): Promise<string[]>
}

/** The environment as a change finds it. */
export interface Ground extends OpenHome {
  environment: Environment
  place: ManagedPlace
  /** Its address, without a slash at the end */
  url: string
  current: Release | null
}

export interface Put {
  release: number
  maintenanceMs: number | null
  /** What was done beside, in sentences */
  done: string[]
}

/** Opens what a change of an environment needs. */
export async function openGround(house: House, environmentId: string): Promise<Ground> {
  const environment = await house.sites.findById(environmentId)
  const open = await house.managed.open()
  const place = placeOf(environment)
  const url = environment.url ?? open.addressOf(environment.site, environment.name)
  return { ...open, environment, place, url, current: await house.managed.releases.current(place.id) }
}

/**
 * Prepares a release, boots it by itself and switches to it: until the switch begins it can be cancelled and leaves nothing,
 * from then on it goes to its end, also after a crash.
 */
export async function putRelease(house: House, context: WorkflowContext, options: PutOptions): Promise<Put> {
  const place = placeOf(await house.sites.findById(options.environmentId))
  try {
    const ground = await openGround(house, options.environmentId)
    try {
      return await put(house, context, ground, options)
    } catch (error) {
      // what cannot be dropped now is found by the next start: the first failure is the one to tell
      const warn = (cause: unknown): void => context.run.log('warn', `what was prepared could not be removed: ${String(cause)}`)
      if (!isInterrupted(context, error)) await dropPrepared(house, ground, context.id).catch(warn)
      throw error
    }
  } catch (error) {
    if (!isInterrupted(context, error)) endHold(place, context.id)
    throw error
  }
}

async function put(house: House, context: WorkflowContext, ground: Ground, options: PutOptions): Promise<Put> {
  const { place } = ground
  const { number, done } = await context.step('prepare', async (run) => {
    if (options.holdsVisitors === true && ground.current !== null) await holdVisitors(ground, context, run)
    const said = new Set<string>()
    const { backup, what, close, ...wanted } = await options.make(ground, run, (sentence) => void said.add(sentence))
    const { mysql, url } = ground
    const { releases, names } = house.managed
    const emptied = options.underFence === undefined ? {} : { emptiedCaches: true }
    const origin = { workflow: context.id, backup, what, ...emptied }
    const uuid = siteUuid(house.managed, place.site)
    try {
      const { release } = await prepareRelease({ ...wanted, place, releases, names, mysql, url, siteUuid: uuid, origin, run })
      return { number: release.number, done: [...said] }
    } finally {
      await close?.()
    }
  })
  const { upkeep, underFence } = options
  const kept = upkeep === undefined ? [] : await context.step('update the database', (run) => upkeep(ground, number, run))
  const tried = await context.step('boot', (run) => tryRelease(house, ground, number, run))
  return context.step('switch', async (run) => {
    await context.pointOfNoReturn()
    await context.fence()
    const to = await house.managed.releases.find(place.id, number)
    const beside: string[] = []
    const fenced = async (): Promise<void> => void beside.push(...((await underFence?.(ground, number, run)) ?? []))
    const switching = { mayBeBroken: tried.isBroken, ...(underFence === undefined ? {} : { underFence: fenced }) }
    const since = readHold(place)?.since ?? null
    const switchMs = await switchTo(house, ground, to, run, switching)
    const maintenanceMs = since === null ? switchMs : run.now().getTime() - since
    return { release: number, maintenanceMs, done: [...done, ...kept, ...tried.said, ...beside] }
  })
}

/** Every request that had begun ends first: behind this nothing of the site writes. */
async function holdVisitors({ place, php }: Ground, context: WorkflowContext, run: Run): Promise<void> {
  await context.fence()
  beginHold(place, context.id, run.now().getTime())
  run.progress({ note: 'waiting for running requests' })
  await php?.forEnvironment(place).reload()
}

/** Makes a release the current one unless it is, rows and catalogue included. Safe to repeat after a crash at any point. */
export async function switchTo(
  house: House,
  { place, mysql, php, url }: Ground,
  to: Release,
  run: Run,
  options: { mayBeBroken?: boolean; underFence?: () => Promise<void> } = {},
): Promise<number | null> {
  const { releases, names, keepReleases: keep } = house.managed
  const until = new Date(Date.now() + house.undoKeepDays * 86_400_000)
  const onCommit = (number: number): Promise<void> => releases.setCurrent(place.id, number, until)
  const empty = (number: number): Promise<void> => emptyCaches(place, number, { releases, mysql })
  const recovering = { onCommit: (_: unknown, journal: { to: { number: number } }) => onCommit(journal.to.number) }
  const settled = await recoverSwitches({ places: [place], mysql, ...recovering, emptyCaches: (_, number) => empty(number) })
  for (const { result } of settled) if (typeof result === 'object') throw result.failed
  let maintenanceMs: number | null = null
  if (currentRelease(place) !== to.number) {
    const pool = php?.forEnvironment(place) ?? null
    const from = await releases.current(place.id)
    const commit = { onCommit: (journal: { to: { number: number } }) => onCommit(journal.to.number), emptyCaches: empty }
    const times = await switchRelease({ place, from, to, php: pool, mysql, url, ...options, ...commit, run })
    maintenanceMs = times.maintenanceMs
    const parts = `${times.drainMs} to let requests end, ${times.fenceMs} for accounts, ${times.warmMs} to warm up`
    run.log('info', `release ${to.number} is current, the site answered 503 for ${maintenanceMs} ms: ${parts}`)
  }
  await house.sites.updateRelease(place.id, describeRelease({ place, mysql }, to))
  await dropReleases({ place, releases, mysql, names, keep, now: run.now() })
  return maintenanceMs
}

/** Also what a former attempt had begun, where this one came to its end before that. */
async function dropPrepared(house: House, { place, mysql }: Ground, workflow: string): Promise<void> {
  const { releases, names } = house.managed
  for (const release of await releases.list(place.id)) {
    const isPrepared = release.state === 'preparing' || release.state === 'ready'
    if (!isPrepared || release.origin.workflow !== workflow || currentRelease(place) === release.number) continue
    await releases.setDropped(release)
    await discardRelease({ place, releases, mysql, names }, release)
  }
}

/** A shutdown or a take-over ends this attempt, not the workflow: what is prepared is used by the next one. */
export function isInterrupted(context: Pick<WorkflowContext, 'run'>, error: unknown): boolean {
  if (error instanceof Failure && error.code === 'WORKFLOW_TAKEN_OVER') return true
  return context.run.signal.reason === 'shutdown' || context.run.signal.reason === 'lost'
}

export function repositoryPath(house: Pick<House, 'managed'>, site: string): string {
  return join(house.managed.sitesDirectory, site, 'repository.git')
}
