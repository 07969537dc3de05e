import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type Account, blockedAt, findAccount } from '../../base/account.ts'
import { Failure } from '../../base/failure.ts'
import { removeTree, syncDirectory } from '../../base/files.ts'
import { runChild } from '../../base/spawn.ts'
import { findProgram } from '../findProgram.ts'
import { socketDirectory } from '../socketDirectory.ts'

export interface Programs {
  server: string
  install: string
}

export interface Places {
  data: string
  socket: string
  pidFile: string
  portFile: string
  initFile: string
  settings: Record<string, string>
  give(path: string, account: Account): void
}

/** @throws {Failure} RUNTIME_OFF naming the package */
export function findPrograms(): Programs {
  const server = findProgram(/^mariadbd$/)
  const install = findProgram(/^mariadb-install-db$/)
  if (server !== null && install !== null) return { server, install }
  const missing = server === null ? 'mariadbd' : 'mariadb-install-db'
  throw new Failure('RUNTIME_OFF', `Cannot run managed sites: the program "${missing}" is not installed`, {
    hint: 'Install MariaDB (Debian and Ubuntu: apt-get install mariadb-server), or name a server of yours in CAIRN_MYSQL_URL',
    retry: 'after-repair',
  })
}

/** @throws {Failure} MYSQL_HOME where root finds no account to run it as */
export function mariadbAccount(): Account {
  const uid = process.getuid?.() ?? 0
  if (uid !== 0) return { name: userInfo().username, uid, gid: process.getgid?.() ?? 0, drop: false }
  const found = findAccount(['mysql', 'cairn', 'nobody'])
  if (found !== null) return found
  throw new Failure('MYSQL_HOME', 'Cannot start MariaDB as root: there is neither an account "mysql" nor "cairn" nor "nobody"', {
    hint: 'Run "useradd --system mysql"',
    retry: 'after-repair',
  })
}

/**
 * Makes the directories and, the first time, the system tables. A start that was killed half way leaves `data.new`, which the
 * next one throws away.
 *
 * @throws {Failure} MYSQL_HOME when the account cannot get there
 */
export async function preparePlaces(programs: Programs, account: Account, directory: string): Promise<Places> {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  chmodSync(directory, 0o711)
  const blocked = blockedAt(directory, account)
  if (blocked !== null)
    throw new Failure('MYSQL_HOME', `Cannot start MariaDB as "${account.name}": it may not pass "${blocked}"`, {
      hint: `Let it pass (chmod o+x "${blocked}") or keep the data directory elsewhere (CAIRN_DATA)`,
      retry: 'after-repair',
    })
  const data = join(directory, 'data')
  const temporary = own(join(directory, 'tmp'), account, 0o700)
  if (!existsSync(data)) await makeData(programs, account, { directory, data, temporary })
  // sites pass through to the socket, passwords protect it
  const sockets = own(socketDirectory(join(directory, 'socket'), 'mysql.sock'), account, 0o711)
  const closed = own(join(directory, 'private'), account, 0o700)
  const socket = join(sockets, 'mysql.sock')
  const pidFile = join(closed, 'mariadb.pid')
  return {
    data,
    socket,
    pidFile,
    portFile: join(directory, 'port'),
    initFile: join(closed, 'start.sql'),
    settings: {
      datadir: data,
      socket,
      tmpdir: temporary,
      'pid-file': pidFile,
      'init-file': join(closed, 'start.sql'),
      'secure-file-priv': closed,
    },
    give,
  }
}

/** In /tmp the server that is started for it would delete the temporary tables of others that run as the same account. */
async function makeData(
  { install }: Programs,
  account: Account,
  { directory, data, temporary }: { directory: string; data: string; temporary: string },
): Promise<void> {
  const aside = join(directory, 'data.new')
  removeTree(aside, directory)
  own(aside, account, 0o700)
  const child = { cwd: '/', env: { LC_ALL: 'C' }, ...(account.drop ? { uid: account.uid, gid: account.gid } : {}) }
  await runChild(
    install,
    [
      ...['--no-defaults', `--datadir=${aside}`, `--tmpdir=${temporary}`],
      ...['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
    ],
    child,
  )
  renameSync(aside, data)
  await syncDirectory(directory)
}

function own(path: string, account: Account, mode: number): string {
  mkdirSync(path, { recursive: true, mode })
  chmodSync(path, mode)
  give(path, account)
  return path
}

function give(path: string, account: Account): void {
  if (account.drop) chownSync(path, account.uid, account.gid)
}
