import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'

/** The account that the PostgreSQL processes run as. */
export interface Account {
  name: string
  uid: number
  gid: number
  /** True where we are root and the processes must not be */
  drop: boolean
}

/**
 * PostgreSQL refuses root. Where Cairn is root, its own account `cairn` runs it, else `nobody`; elsewhere the user does.
 *
 * @throws {Failure} STATE_DATABASE when the machine has no name for the user
 */
export function postgresAccount(): Account {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  if (uid !== 0) return { name: userName(), uid, gid, drop: false }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const wanted of ['cairn', 'nobody']) {
    const found = accounts.find(([name]) => name === wanted)
    if (found !== undefined && found[2] !== '0') return { name: wanted, uid: Number(found[2]), gid: Number(found[3]), drop: true }
  }
  throw new Failure('STATE_DATABASE', 'Cannot start PostgreSQL as root: there is neither an account "cairn" nor "nobody"', {
    hint: 'Run "useradd --system cairn"',
  })
}

/** The name of the user that this process runs as, which `peer` authentication goes by. */
export function userName(): string {
  try {
    return userInfo().username
  } catch (cause) {
    throw new Failure('STATE_DATABASE', `Cannot start PostgreSQL: user ${process.getuid?.()} has no name on this machine`, {
      hint: 'Add the user to /etc/passwd, or name another PostgreSQL in DATABASE_URL',
      cause,
    })
  }
}

/** The first directory on the way to `path` that the account may not pass; null where it gets there. */
export function blockedAt(path: string, account: Account): string | null {
  if (!account.drop) return isOpen(path) ? null : path
  return onTheWay(realpathSync(path)).find((step) => !mayPass(step, account)) ?? null
}

function onTheWay(path: string): string[] {
  const above = dirname(path)
  return above === path ? [path] : [...onTheWay(above), path]
}

function mayPass(path: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(path)
  const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode
  return (bits & 1) === 1
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (isErrno(error, 'EACCES')) return false
    throw error
  }
}
