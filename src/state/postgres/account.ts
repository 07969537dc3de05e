import { userInfo } from 'node:os'
import { type Account, findAccount } from '../../base/account.ts'
import { Failure } from '../../base/failure.ts'

/**
 * PostgreSQL refuses root. Where Cairn is root, its own account `cairn` runs it, else `nobody`; elsewhere the user does.
 *
 * @throws {Failure} STATE_DATABASE when the machine has no name for the user
 */
export function postgresAccount(): Account {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  if (uid !== 0) return { name: userName(), uid, gid, drop: false }
  const found = findAccount(['cairn', 'nobody'])
  if (found !== null) return found
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
