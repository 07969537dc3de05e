import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnd, runChild, startChild } from '../../src/base/spawn.ts'
import { freePort } from './ports.ts'

export interface TestMariadb {
  socket: string
  port: number
  pid: number
  /** Runs SQL as the server's root (no password) with the client program, so DELIMITER works; gives its tab-separated output */
  admin(sql: string, database?: string): Promise<string>
  /** Clean shutdown; safe to call twice */
  stop(): Promise<void>
}

export interface TestMariadbOptions {
  /** Further arguments of mariadbd, e.g. `--innodb-buffer-pool-size=512M` */
  args?: readonly string[]
  /** Binary log on, as on most hosts; then triggers need `log_bin_trust_function_creators` @default {true} */
  binaryLog?: boolean
}

/**
 * Starts a private MariaDB in `directory` (made, or used again when it holds one) on a socket and a free port of 127.0.0.1.
 * Works as root and as an ordinary user, without systemd; the server dies with this process.
 */
export async function startMariadb(directory: string, options: TestMariadbOptions = {}): Promise<TestMariadb> {
  const data = join(directory, 'data')
  const socket = join(directory, 's.sock')
  if (socket.length > 107) throw new Error(`The path of the socket is too long: ${socket}`)
  // a MariaDB that starts deletes the temporary tables of all others in the same directory
  const temporary = join(directory, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const user = userInfo().username
  if (!hasSystemTables(data)) {
    await runChild('mariadb-install-db', [
      '--no-defaults',
      `--datadir=${data}`,
      `--tmpdir=${temporary}`,
      `--user=${user}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ])
  }
  const port = await freePort()
  const log = openSync(join(directory, 'log'), 'a')
  const child = startChild(
    serverProgram(),
    [
      '--no-defaults',
      `--user=${user}`,
      `--datadir=${data}`,
      `--tmpdir=${temporary}`,
      `--socket=${socket}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--innodb-buffer-pool-size=128M',
      '--max-allowed-packet=256M',
      '--character-set-server=utf8mb4',
      '--local-infile=0',
      ...(options.binaryLog === false ? [] : [`--log-bin=${join(data, 'binlog')}`, '--server-id=1']),
      ...(options.args ?? []),
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  const end = childEnd(child)
  let ended = false
  end.then(
    () => (ended = true),
    () => (ended = true),
  )
  for (let tries = 0; !(await answers(socket)); tries++) {
    if (ended || tries > 600)
      throw new Error(`MariaDB does not start: ${readFileSync(join(directory, 'log'), 'utf8').slice(-2000)}`)
    await sleep(50)
  }
  const client = [
    '--no-defaults',
    `--socket=${socket}`,
    '--user=root',
    '--batch',
    '--skip-column-names',
    '--default-character-set=utf8mb4',
  ]
  return {
    socket,
    port,
    pid: child.pid ?? 0,
    async admin(sql, database) {
      const { stdout } = await runChild('mariadb', [...client, ...(database === undefined ? [] : [database])], { input: sql })
      return stdout
    },
    async stop() {
      if (!ended) child.kill('SIGTERM')
      await end
    },
  }
}

function hasSystemTables(data: string): boolean {
  try {
    readFileSync(join(data, 'mysql', 'db.frm'))
    return true
  } catch {
    return false
  }
}

function serverProgram(): string {
  for (const path of ['/usr/sbin/mariadbd', '/usr/libexec/mariadbd', '/usr/sbin/mysqld']) {
    try {
      closeSync(openSync(path, 'r'))
      return path
    } catch {}
  }
  return 'mariadbd'
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connectSocket(socket)
    connection.once('data', () => (connection.destroy(), resolve(true)))
    connection.once('error', () => resolve(false))
    connection.once('close', () => resolve(false))
  })
}
