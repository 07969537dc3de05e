import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import type { Account } from '../../base/account.ts'
import { Failure } from '../../base/failure.ts'
import type { KernelLock } from '../../base/kernelLock.ts'
import { lockDirectory } from '../../base/lockDirectory.ts'
import { processStart } from '../../base/processes.ts'
import { type ChildEnd, childEnd, startChild } from '../../base/spawn.ts'
import { postgresAccount } from './account.ts'
import { type Binaries, findPackage, provideBinaries } from './binaries.ts'
import { makeCluster, makeOwnDirectory } from './cluster.ts'
import { endPostmaster, findPostmaster, isReady } from './leftover.ts'

export interface PostgresOptions {
  /** Everything of this server goes below it: the data, the socket, a copy of the binaries where one is needed */
  dataDirectory: string
  log: (line: string) => void
  /** Server settings beside our own; tests turn fsync off */
  settings?: Record<string, string>
  walSegmentMb?: number
  package?: { native: string; version: string }
}

export interface Postgres {
  socketDirectory: string
  port: number
  pid: number
  /** Resolves when the server has ended, asked for or not, with what it ended with */
  ended: Promise<ChildEnd>
  stop(): Promise<void>
}

const port = 5432 // no TCP: the number is only part of the socket's name
const startTimeoutMs = 120_000 // a long log is replayed after a crash

/**
 * Starts the embedded PostgreSQL: synced writes, a private unix socket (0700), no TCP. It ends in good order when this process
 * dies; where a killed one left it running all the same, that one is stopped first and started afresh.
 *
 * @throws {Failure} SERVER_RUNNING when another Cairn uses the directory, STATE_DATABASE with the server's last words
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const account = postgresAccount()
  const binaries = provideBinaries(account, options.dataDirectory, options.package ?? findPackage())
  const data = await makeCluster(binaries, account, options.dataDirectory, options.walSegmentMb)
  const lock = await lockDirectory(options.dataDirectory)
  try {
    const left = findPostmaster(data)
    if (left !== null) {
      options.log(`stopping PostgreSQL ${left.pid}, which a former Cairn left running`)
      await endPostmaster(left)
    }
    return await launchPatiently(() => launch(binaries, account, data, lock, options))
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** A killed postmaster's processes notice within moments; until they are gone its shared memory is in use. */
async function launchPatiently(launchOnce: () => Promise<Postgres>): Promise<Postgres> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      return await launchOnce()
    } catch (error) {
      const inUse = error instanceof Failure && /shared memory block|lock file .* already exists/.test(error.message)
      if (!inUse || performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}

async function launch(
  binaries: Binaries,
  account: Account,
  data: string,
  lock: KernelLock,
  options: PostgresOptions,
): Promise<Postgres> {
  const socket = makeSocketDirectory(options.dataDirectory, account)
  const settings = { ...ownSettings, unix_socket_directories: socket.directory, ...options.settings }
  const server = spawnServer(binaries, account, data, settings, options.log)
  const endServer = async (): Promise<void> => {
    const startTicks = processStart(server.pid)
    if (startTicks !== null && server.end === null) await endPostmaster({ pid: server.pid, startTicks })
    await server.ended
    if (socket.temporary) rmSync(socket.directory, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(data, server)
    await makeDatabase(socket.directory)
  } catch (error) {
    await endServer()
    throw error
  }
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => (stopping ??= endServer().then(() => lock.release()))
  return { socketDirectory: socket.directory, port, pid: server.pid, ended: server.ended, stop }
}

interface Server {
  readonly pid: number
  readonly ended: Promise<ChildEnd>
  end: ChildEnd | null
  /** The last line that says something went wrong */
  lastWords: string
}

function spawnServer(
  binaries: Binaries,
  account: Account,
  data: string,
  settings: Record<string, string>,
  log: PostgresOptions['log'],
): Server {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = startChild(binaries.postgres, ['-D', data, '-p', String(port), ...flags], {
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    deathSignal: 'INT',
    detached: true,
    ...(account.drop ? { uid: account.uid, gid: account.gid } : {}),
  })
  const ended = childEnd(child).then((end) => (server.end = end))
  if (child.pid === undefined || child.stderr === null) {
    ended.catch(() => {})
    throw new Failure('STATE_DATABASE', `Cannot start PostgreSQL: "${binaries.postgres}" does not run`)
  }
  const server: Server = { pid: child.pid, ended, end: null, lastWords: '' }
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (server.lastWords === '' || /FATAL|PANIC|ERROR/.test(line)) server.lastWords = line
    log(line)
  })
  return server
}

const ownSettings: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '60',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  max_parallel_workers_per_gather: '0', // small tables; and containers have little /dev/shm
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  lc_messages: 'C',
}

/** The kernel allows 107 bytes for the path of a socket; below a longer directory a temporary one is used. */
function makeSocketDirectory(directory: string, account: Account): { directory: string; temporary: boolean } {
  const inside = join(directory, 'socket')
  const temporary = Buffer.byteLength(join(inside, `.s.PGSQL.${port}`)) > 103
  const tag = createHash('sha256').update(directory).digest('hex').slice(0, 8)
  const path = temporary ? mkdtempSync(join(tmpdir(), `cairn-${tag}-`)) : inside
  makeOwnDirectory(path, account)
  return { directory: path, temporary }
}

async function waitUntilReady(data: string, server: Server): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  while (!isReady(data, server.pid)) {
    if (server.end !== null || performance.now() > deadline) {
      const { end } = server
      const how =
        end === null
          ? `it is not ready after ${startTimeoutMs / 1000} seconds`
          : `it ended with ${end.signal ?? `exit code ${end.code}`}`
      throw new Failure('STATE_DATABASE', `Cannot start PostgreSQL: ${how}, saying "${server.lastWords}"`, {
        retry: 'after-repair',
      })
    }
    await sleep(10)
  }
}

async function makeDatabase(socketDirectory: string): Promise<void> {
  const client = new Client({ host: socketDirectory, port, user: 'cairn', database: 'postgres' })
  await client.connect()
  try {
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'cairn'`)
    if (rowCount === 0) await client.query('create database cairn')
  } finally {
    await client.end()
  }
}
