import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { makeSetUpCode } from '../access/accounts.ts'
import { ensureOwner, findOwner } from '../access/people.ts'
import { dropEndedSessions, type SessionLimits } from '../access/sessions.ts'
import { createToken, findCaller } from '../access/tokens.ts'
import { buildApi } from '../api/buildApi.ts'
import { linkOf } from '../api/oneTimeLink.ts'
import { rebuildCatalogue } from '../backups/rebuild.ts'
import { Failure } from '../base/failure.ts'
import { removeTree, writeFileDurably } from '../base/files.ts'
import { takeKernelLock } from '../base/kernelLock.ts'
import { listenTrouble } from '../base/listenTrouble.ts'
import { openQueue } from '../queue/queue.ts'
import { startWorker } from '../queue/worker.ts'
import { openCatalogue } from '../sites/catalogue.ts'
import { lockInstance } from '../state/instanceLock.ts'
import { openState, type State } from '../state/open.ts'
import { startPostgres } from '../state/postgres/start.ts'
import { makeJourneys } from '../workflows/journeys.ts'
import { followAll, followMaster } from '../workflows/managed/followMaster.ts'
import { makeManagedJourneys } from '../workflows/managed/journeys.ts'
import { workflowDefinitions } from '../workflows/definitions.ts'
import type { House } from '../workflows/house.ts'
import { leaveCleanMark, takeCleanMark } from './cleanEnd.ts'
import type { Configuration } from './configuration.ts'
import { makeDataDirectory } from './dataDirectory.ts'
import { gitDesk } from './desks/git.ts'
import { keyDesk } from './desks/key.ts'
import { settingsDesk } from './desks/settings.ts'
import { siteDesk } from './desks/sites.ts'
import { provideIntake } from './provideIntake.ts'
import { type ProvidedManaged, provideManaged } from './provideManaged.ts'
import { provideRepository, sealingKey } from './provideRepository.ts'
import { startSweep } from './sweep.ts'
import { version } from './version.ts'

/** Of the checkout or of the package: what is built lies at the same place in both */
const root = join(import.meta.dirname, '../..')

export interface RunningServer {
  /** host:port, as bound */
  address: string
  stop(): Promise<void>
}

/**
 * Starts everything over one data directory, in the order in which things depend on each other, and stops it in the reverse.
 * After an unclean end of the former server the repository is reconciled before anything writes to it.
 *
 * @param onDeath called when something that the server cannot go on without ended by itself
 * @throws {Failure} SERVER_RUNNING, STATE_DATABASE, REPOSITORY_MISSING, REPOSITORY_KEY, CONFIG_INVALID
 */
export async function startServer(
  configuration: Configuration,
  log: Logger,
  onDeath: (error: Error) => void,
): Promise<RunningServer> {
  const undo: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const { data } = configuration
    makeDataDirectory(data)
    const lock = await takeKernelLock(join(privateDirectory(data, 'locks'), 'server'))
    if (lock === null)
      throw new Failure('SERVER_RUNNING', `Cannot use the data directory "${data}": another Cairn server uses it`)
    undo.push(() => lock.release())

    const instance = instanceName(data)
    const state = await provideState(configuration, log, onDeath, undo)
    undo.push(() => state.close())
    if (configuration.databaseUrl !== null) {
      const { connection } = state
      const only = await lockInstance({ connection, instance, onLost: onDeath })
      undo.push(() => only.release())
    }

    const wasClean = await takeCleanMark(data, state.db)
    const { repository, key, isNew } = await provideRepository(data, state.db, instance)
    undo.push(() => repository.close())
    const store = { db: state.db, repository }
    if (!wasClean && !isNew) {
      log.info(await repository.reconcile(), 'reconciled the repository after an unclean end')
      await rebuildCatalogue(store)
    }

    const {
      intake,
      uploads,
      stop: stopIntake,
    } = await provideIntake(
      { db: state.db, directory: privateDirectory(data, 'intake'), limitBytes: configuration.uploadLimit },
      log,
    )
    undo.push(stopIntake)

    const bound = { address: '' }
    const publicUrl = (): string => configuration.publicUrl ?? `http://${bound.address}`
    const sites = openCatalogue({ db: state.db, key: sealingKey(key), uidBase: configuration.uidBase })
    const managed = await provideManaged({
      ...{ configuration, state, key: sealingKey(key), sites, intake, log, onDeath },
      ownAddresses: () => [publicUrl()],
    })
    undo.push(managed.stop)
    await recoverManaged(managed, log)
    const house: House = {
      state,
      repository,
      store,
      sites,
      cacheDirectory: privateDirectory(data, 'cache'),
      appliesDirectory: privateDirectory(data, 'applies'),
      scratchDirectory: emptyDirectory(data, 'scratch'),
      compression: configuration.compression,
      undoKeepDays: configuration.undoKeepDays,
      managed: managed.home,
    }
    const definitions = workflowDefinitions(house)
    const queue = await openQueue({
      ...{ state, definitions, locksDirectory: privateDirectory(data, 'locks') },
      onError: (error) => log.warn(error),
    })
    undo.push(() => queue.close())
    const worker = await startWorker({ queue, definitions, instance, concurrency: configuration.workflows })
    undo.push(() => worker.stop())
    const journeys = { ...makeJourneys(house, queue), ...makeManagedJourneys(house, queue) }
    const sessions = sessionLimits(configuration)
    const sweep = startSweep({
      log,
      chores: [
        {
          otherwise: 'dev may not show what was pushed',
          run: () => followAll(house, queue, (error, site) => log.warn(error, `dev of ${site} may not show what was pushed`)),
        },
        {
          otherwise: 'what is overdue was not deleted',
          run: () => journeys.expire(new Date(), (error, site) => log.warn(error, `kept tips of ${site} were not looked at`)),
        },
        {
          otherwise: 'sessions that have ended are still stored',
          run: async () => void (await dropEndedSessions(state.db, sessions)),
        },
      ],
    })
    undo.push(() => sweep.stop())

    await provideLocalToken(state, data)
    const app = await buildApi({
      version,
      instance,
      publicUrl,
      trustProxy: '127.0.0.1',
      log,
      store,
      sites: siteDesk(house),
      journeys,
      queue,
      key: keyDesk(state.db, key),
      settings: settingsDesk(state.db),
      dashboard: { files: join(root, 'dist/dashboard'), docs: join(root, 'docs') },
      uploads,
      git: gitDesk(house, {
        forcedPush: configuration.forcedPush,
        follow: (site, actor) => followMaster(house, queue, site, actor),
      }),
      limits: { sessions },
    })
    undo.push(() => app.close())
    const setUp = await makeSetUpCode(state.db)
    bound.address = await listen((options) => app.listen(options), configuration.listen)
    undo.push(() => leaveCleanMark(data, state.db))

    log.info(`listening on http://${bound.address}`)
    if (setUp !== null) log.info(`make the first account at ${linkOf({ publicUrl }, setUp).url} (or with the code ${setUp.code})`)
    if (!(await keyDesk(state.db, key).exported())) {
      log.warn(
        'the repository key was never exported: a lost disk would take it along; run "cairn repository:key export" and keep it elsewhere',
      )
    }
    return { address: bound.address, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What managed sites lack must not keep attached ones from their backups. */
async function recoverManaged(managed: ProvidedManaged, log: Logger): Promise<void> {
  try {
    await managed.recover()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    log.error(`managed sites are off: ${error.message}${error.hint === null ? '' : ` (${error.hint})`}`)
  }
}

async function provideState(
  { data, databaseUrl }: Configuration,
  log: Logger,
  onDeath: (error: Error) => void,
  undo: (() => Promise<void>)[],
): Promise<State> {
  if (databaseUrl !== null) return openState({ connectionString: databaseUrl })
  const postgres = await startPostgres({ dataDirectory: join(data, 'postgres'), log: (line) => log.debug({ postgres: line }) })
  let asked = false
  void postgres.ended.then((end) => {
    if (!asked)
      onDeath(
        new Failure('STATE_DATABASE', `Cannot go on: PostgreSQL ended by itself with ${end.signal ?? `exit code ${end.code}`}`),
      )
  })
  undo.push(async () => {
    asked = true
    await postgres.stop()
  })
  return openState(postgres)
}

/** The same after a restart, so that what the former process began is taken back at once. */
function instanceName(data: string): string {
  const path = join(data, 'instance')
  if (!existsSync(path)) writeFileDurably(path, `${randomBytes(8).toString('hex')}\n`)
  return readFileSync(path, 'utf8').trim()
}

function sessionLimits({ sessionIdleHours, sessionLifeDays }: Configuration): SessionLimits {
  return { idleMs: sessionIdleHours * 3_600_000, lifeMs: sessionLifeDays * 24 * 3_600_000 }
}

/** The machine token of the local user: whoever may read the data directory may do everything in it anyway. */
async function provideLocalToken(state: State, data: string): Promise<void> {
  const path = join(data, 'token')
  const caller = existsSync(path) ? await findCaller(state.db, readFileSync(path, 'utf8').trim()) : null
  if (caller?.rights.everywhere === 'owner' && caller.rights.scope === null) return
  const user = userInfo().username
  const first = { email: process.env['CAIRN_OWNER_EMAIL'] ?? `${user}@localhost`, name: user }
  const owner = (await findOwner(state.db)) ?? (await ensureOwner(state.db, first))
  const { token } = await createToken(state.db, { personId: owner.id, name: 'local user', ofServer: true })
  writeFileDurably(path, `${token}\n`)
}

function privateDirectory(data: string, name: string): string {
  const path = join(data, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
  return path
}

/** What a killed server left there is removed. */
function emptyDirectory(data: string, name: string): string {
  removeTree(join(data, name), data)
  return privateDirectory(data, name)
}

/** Gives the address as bound: port 0 becomes the one that the system chose. */
async function listen(bind: (options: { host: string; port: number }) => Promise<string>, wanted: string): Promise<string> {
  const cut = wanted.lastIndexOf(':')
  try {
    const url = await bind({ host: wanted.slice(0, cut).replace(/^\[|\]$/g, ''), port: Number(wanted.slice(cut + 1)) })
    return new URL(url).host
  } catch (cause) {
    const trouble = listenTrouble(cause)
    if (trouble === null) throw cause
    throw new Failure('CONFIG_INVALID', `Cannot listen on "${wanted}": ${trouble}`, {
      hint: 'Choose another address with --listen or CAIRN_LISTEN',
      cause,
    })
  }
}
