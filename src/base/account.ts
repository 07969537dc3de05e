import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrno } from './failure.ts'

/** The account that a server which Cairn starts runs as. */
export interface Account {
  name: string
  uid: number
  gid: number
  /** True where we are root and the processes must not be */
  drop: boolean
}

/** The first of these names that the machine has an account for which is not root's; null when there is none. */
export function findAccount(names: readonly string[]): Account | null {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const wanted of names) {
    const found = accounts.find(([name]) => name === wanted)
    if (found !== undefined && found[2] !== '0') return { name: wanted, uid: Number(found[2]), gid: Number(found[3]), drop: true }
  }
  return null
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
