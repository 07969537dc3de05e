import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import type { Account } from '../../base/account.ts'
import { Failure } from '../../base/failure.ts'
import type { KernelLock } from '../../base/kernelLock.ts'
import { lockDirectory } from '../../base/lockDirectory.ts'
import { processStart } from '../../base/processes.ts'
import { type ChildEnd, childEnd, startChild } from '../../base/spawn.ts'
import type { PrivateMysql } from '../types.ts'
import { type AdminEndpoint, connectAdmin } from './admin.ts'
import { openHome } from './home.ts'
import { findPrograms, mariadbAccount, type Places, preparePlaces } from './install.ts'
import { endServer, findServer } from './leftover.ts'
import { rememberedPort } from './port.ts'

export interface PrivateMariadbOptions {
  /** Everything of this server goes below it */
  directory: string
  log: (line: string) => void
}

const startTimeoutMs = 120_000 // a long log is replayed after a crash
const adminUser = 'cairn'

/**
 * Starts the machine's MariaDB for the managed sites alone: its own data directory, account, socket and a port of 127.0.0.1
 * that stays the same. Its administrator gets a new password at each start, which stands nowhere but in this process. It ends
 * in good order when this process dies; where a killed one left it running all the same, that one is stopped first.
 *
 * @throws {Failure} RUNTIME_OFF when MariaDB is not installed, SERVER_RUNNING when another Cairn uses the directory,
 *   MYSQL_HOME with the server's last words
 */
export async function startPrivateMariadb(options: PrivateMariadbOptions): Promise<PrivateMysql> {
  const programs = findPrograms()
  const account = mariadbAccount()
  const places = await preparePlaces(programs, account, options.directory)
  const lock = await lockDirectory(options.directory)
  try {
    const left = findServer(places)
    if (left !== null) {
      options.log(`stopping MariaDB ${left.pid}, which a former Cairn left running`)
      await endServer(left)
    }
    const port = await rememberedPort(places.portFile)
    return await launch(programs.server, account, places, port, lock, options.log)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function launch(
  program: string,
  account: Account,
  places: Places,
  port: number,
  lock: KernelLock,
  log: PrivateMariadbOptions['log'],
): Promise<PrivateMysql> {
  const password = randomBytes(32).toString('base64url')
  writeInit(places, account, password)
  const server = spawnServer(program, account, places, port, log)
  const end = async (): Promise<void> => {
    const startTicks = processStart(server.pid)
    if (startTicks !== null && server.end === null) await endServer({ pid: server.pid, startTicks })
    await server.ended
  }
  try {
    const endpoint = { host: '127.0.0.1', port, socket: places.socket, user: adminUser, password, tls: null }
    await waitUntilReady(endpoint, server)
    rmSync(places.initFile)
    const home = await openHome(endpoint, { accountHosts: ['127.0.0.1', 'localhost'], dataDirectory: places.data })
    let stopping: Promise<void> | null = null
    const stop = (): Promise<void> => (stopping ??= end().then(() => lock.release()))
    return { ...home, socket: places.socket, pid: server.pid, ended: server.ended, stop }
  } catch (error) {
    await end()
    throw error
  }
}

/** Runs before the server takes connections: only this process may come in as administrator, with what it has just drawn. */
function writeInit(places: Places, account: Account, password: string): void {
  const statements = [
    `CREATE USER IF NOT EXISTS ${adminUser}@localhost`,
    `ALTER USER ${adminUser}@localhost IDENTIFIED BY '${password}' ACCOUNT UNLOCK`,
    `GRANT ALL PRIVILEGES ON *.* TO ${adminUser}@localhost WITH GRANT OPTION`,
    `DELETE FROM mysql.global_priv WHERE User IN ('root', '', 'mysql')`,
    'FLUSH PRIVILEGES',
  ]
  rmSync(places.initFile, { force: true })
  writeFileSync(places.initFile, statements.map((statement) => `${statement};\n`).join(''), { mode: 0o640, flag: 'wx' })
  places.give(places.initFile, account)
}

interface Server {
  readonly pid: number
  readonly ended: Promise<ChildEnd>
  end: ChildEnd | null
  /** The last line that says something went wrong */
  lastWords: string
}

function spawnServer(program: string, account: Account, places: Places, port: number, log: (line: string) => void): Server {
  const settings = { ...ownSettings, ...places.settings, port: String(port) }
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  const child = startChild(program, ['--no-defaults', ...flags], {
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    deathSignal: 'TERM',
    detached: true,
    ...(account.drop ? { uid: account.uid, gid: account.gid } : {}),
  })
  const ended = childEnd(child).then((end) => (server.end = end))
  if (child.pid === undefined || child.stderr === null) {
    ended.catch(() => {})
    throw new Failure('MYSQL_HOME', `Cannot start MariaDB: "${program}" does not run`)
  }
  const server: Server = { pid: child.pid, ended, end: null, lastWords: '' }
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (server.lastWords === '' || /\[ERROR\]/.test(line)) server.lastWords = line
    log(line)
  })
  return server
}

/** Small, and safe: nothing is written or read outside its own directories, every commit is on the disk. */
const ownSettings: Record<string, string> = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'skip-log-bin': 'ON',
  'local-infile': '0',
  'event-scheduler': 'OFF',
  'symbolic-links': '0',
  'character-set-server': 'utf8mb4',
  'max-allowed-packet': '256M',
  'max-connections': '400',
  'innodb-buffer-pool-size': '128M',
  'innodb-log-file-size': '96M',
  'key-buffer-size': '8M',
  'aria-pagecache-buffer-size': '16M',
  'performance-schema': 'OFF',
  'default-time-zone': '+00:00',
}

async function waitUntilReady(endpoint: AdminEndpoint, server: Server): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    try {
      const admin = await connectAdmin(endpoint)
      await admin.close()
      return
    } catch (error) {
      if (!(error instanceof Failure) || error.retry !== 'later') throw error
      if (server.end !== null || performance.now() > deadline) throw notStarted(server)
    }
    await sleep(25)
  }
}

function notStarted({ end, lastWords }: Server): Failure {
  const how =
    end === null
      ? `it is not ready after ${startTimeoutMs / 1000} seconds`
      : `it ended with ${end.signal ?? `exit code ${end.code}`}`
  return new Failure('MYSQL_HOME', `Cannot start MariaDB: ${how}, saying "${lastWords}"`, { retry: 'after-repair' })
}
