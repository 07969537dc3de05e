import { join } from 'node:path'
import { createHmac, type KeyObject } from 'node:crypto'
import type { Logger } from 'pino'
import { Failure } from '../base/failure.ts'
import { seal, unseal } from '../base/seal.ts'
import { type Gateway, startGateway } from '../gateway/startGateway.ts'
import type { Intake } from '../intake/intake.ts'
import { endDeadHolds } from '../releases/managed/hold.ts'
import { type ManagedPlace, placeOf } from '../releases/managed/layout.ts'
import { installationTag, namesOf } from '../releases/managed/names.ts'
import { openReleases } from '../releases/managed/records.ts'
import { claimServer } from '../runtime/mysql/claim.ts'
import { connectNamedMysql } from '../runtime/mysql/namedMysql.ts'
import { startPrivateMariadb } from '../runtime/mysql/privateMariadb.ts'
import { openPhpRuntime } from '../runtime/php/openPhpRuntime.ts'
import type { MysqlHome, PhpRuntime } from '../runtime/types.ts'
import { gatewayAddress } from '../sites/address.ts'
import type { Catalogue } from '../sites/catalogue.ts'
import type { State } from '../state/open.ts'
import type { ManagedHome, OpenHome } from '../workflows/managed/home.ts'
import type { Configuration } from './configuration.ts'
import { findServed } from './findServed.ts'
import { recoverManaged, willGoOn } from './recoverManaged.ts'

interface ManagedOptions {
  configuration: Configuration
  state: Pick<State, 'db'>
  key: KeyObject
  sites: Catalogue
  intake: Intake
  ownAddresses(): string[]
  log: Logger
  onDeath(error: Error): void
}

export interface ProvidedManaged {
  home: ManagedHome
  /** Ends interrupted switches and removes what killed workflows left; nothing where there are no managed sites */
  recover(): Promise<void>
  stop(): Promise<void>
}

/**
 * What managed sites need, started by the first of them: a database server, PHP where we are root, and the gateway. A machine
 * without them backs attached sites up as ever.
 */
export async function provideManaged(options: ManagedOptions): Promise<ProvidedManaged> {
  const { configuration, state, key, log } = options
  const names = namesOf(await installationTag(state.db))
  const releases = openReleases({ db: state.db, key, names })
  const ends: (() => Promise<void>)[] = []
  const watches: NodeJS.Timeout[] = []
  const start = async (): Promise<OpenHome> => {
    const mysql = await startMysql(options, ends)
    const php = await startPhp(configuration, log, ends)
    const gateway = php === null ? null : await showSites(options, php, ends)
    const port = gateway?.port ?? Number(configuration.gatewayListen.split(':').at(-1))
    return { mysql, php, addressOf: (site, environment) => gatewayAddress(site, environment, port) }
  }
  let opened: Promise<OpenHome> | null = null
  const stop = async (): Promise<void> => {
    for (const watch of watches.splice(0)) clearInterval(watch)
    await opened?.catch(() => {})
    for (const end of ends.splice(0).toReversed()) await end()
  }
  const open = (): Promise<OpenHome> =>
    (opened ??= start().catch(async (error: unknown) => {
      for (const end of ends.splice(0).toReversed()) await end()
      opened = null // the next one tries again: the server may have come back
      throw error
    }))
  const home: ManagedHome = {
    ...{ sitesDirectory: join(configuration.data, 'sites'), names, releases, open, intake: options.intake },
    keepReleases: configuration.releasesKept,
    sealed: {
      close: (text) => seal(key, aboutInput, Buffer.from(text)).toString('base64'),
      open: (sealed) => unseal(key, aboutInput, Buffer.from(sealed, 'base64')).toString(),
    },
    fetchPrivate: configuration.fetchPrivate,
    ownAddresses: options.ownAddresses,
  }
  return {
    home,
    stop,
    async recover() {
      const places = await managedPlaces(options)
      // first: it needs neither the database server nor PHP, which may be away
      const held = await endDeadHolds(places, (id) => willGoOn(state.db, id))
      watches.push(watchHolds(held, options))
      await recoverManaged(home, places, options)
    },
  }
}

const aboutInput = 'input of a workflow'

async function startMysql(options: ManagedOptions, ends: (() => Promise<void>)[]): Promise<MysqlHome> {
  const { configuration, log, onDeath } = options
  if (configuration.mysqlUrl !== null) {
    const named = await connectNamedMysql(configuration.mysqlUrl)
    const claim = await claimServer({ mysql: named, secret: secretOf(options.key), onLost: onDeath })
    ends.push(() => claim.release())
    return named
  }
  const directory = join(configuration.data, 'mysql')
  const server = await startPrivateMariadb({ directory, log: (line) => log.debug({ mariadb: line }) })
  let asked = false
  void server.ended.then((end) => {
    const how = end.signal ?? `exit code ${end.code}`
    if (!asked) onDeath(new Failure('MYSQL_HOME', `Cannot go on: MariaDB of the managed sites ended by itself with ${how}`))
  })
  ends.push(async () => {
    asked = true
    await server.stop()
  })
  return server
}

/** Not the key, and the same as long as that is the same. */
function secretOf(key: KeyObject): string {
  return createHmac('sha256', key).update('claim of a database server').digest('hex')
}

async function startPhp({ data }: Configuration, log: Logger, ends: (() => Promise<void>)[]): Promise<PhpRuntime | null> {
  try {
    const php = await openPhpRuntime({ directory: join(data, 'run/php'), log: (line) => log.info({ php: line }) })
    ends.push(() => php.stop())
    return php
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'RUNTIME_OFF') throw error
    log.warn(`managed sites do not run: ${error.message}`)
    return null
  }
}

async function showSites(
  { configuration, sites, log }: ManagedOptions,
  php: PhpRuntime,
  ends: (() => Promise<void>)[],
): Promise<Gateway> {
  const { data, gatewayListen } = configuration
  const cut = gatewayListen.lastIndexOf(':')
  const gateway = await startGateway({
    listen: { host: gatewayListen.slice(0, cut).replace(/^\[|\]$/g, ''), port: Number(gatewayListen.slice(cut + 1)) },
    find: (host) => findServed(sites, host),
    pools: php,
    bodies: join(data, 'run/bodies'),
    log: (line) => log.warn({ gateway: line }),
  })
  ends.push(() => gateway.close())
  log.info(`managed sites are shown at http://<env>-<site>.localhost:${gateway.port}`)
  return gateway
}

async function managedPlaces({ sites }: ManagedOptions): Promise<ManagedPlace[]> {
  const all = (await Promise.all((await sites.listSites()).map(({ name }) => sites.listEnvironments(name)))).flat()
  return all.filter(({ managed }) => managed !== null).map(placeOf)
}

/** A workflow that is cancelled before it went on does not come to let visitors in again: it is done for it. */
function watchHolds(held: ManagedPlace[], { state: { db }, log }: ManagedOptions): NodeJS.Timeout {
  let left = held
  const timer = setInterval(() => {
    if (left.length === 0) return clearInterval(timer)
    endDeadHolds(left, (id) => willGoOn(db, id)).then(
      (still) => void (left = still),
      (error: unknown) => log.warn(error, 'visitors of a site may be held off by a workflow that has ended'),
    )
  }, 5_000)
  return timer.unref()
}
