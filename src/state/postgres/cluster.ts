import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, blockedAt } from '../../base/account.ts'
import { Failure } from '../../base/failure.ts'
import { removeTree, syncDirectory } from '../../base/files.ts'
import { runChild } from '../../base/spawn.ts'
import { userName } from './account.ts'
import { type Binaries, unreachableFor } from './binaries.ts'

/**
 * Makes the cluster in `<directory>/data` unless it is there. A start that was killed half way leaves `data.new`, which the
 * next one throws away.
 *
 * @throws {Failure} STATE_DATABASE when the account cannot get there, or the data are of another major version
 */
export async function makeCluster(binaries: Binaries, account: Account, directory: string, walSegmentMb = 16): Promise<string> {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const blocked = blockedAt(directory, account)
  if (blocked !== null) throw unreachableFor(account, blocked)
  const data = join(directory, 'data')
  if (!existsSync(data)) {
    const aside = join(directory, 'data.new')
    removeTree(aside, directory)
    makeOwnDirectory(aside, account)
    const child = { cwd: '/', ...(account.drop ? { uid: account.uid, gid: account.gid } : {}), env: { LC_ALL: 'C' } }
    await runChild(binaries.initdb, [...initArguments, `--wal-segsize=${walSegmentMb}`, '-D', aside], child)
    renameSync(aside, data)
    await syncDirectory(directory)
  }
  requireSameMajor(data, binaries)
  writeAccess(data, account)
  return data
}

/** A directory that only the account can enter. */
export function makeOwnDirectory(path: string, account: Account): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (account.drop) chownSync(path, account.uid, account.gid)
}

const initArguments = [
  '--username=cairn',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--auth=peer',
  '--no-instructions',
]

function requireSameMajor(data: string, { version }: Binaries): void {
  const major = version.split('.')[0] ?? ''
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (found === major) return
  throw new Failure('STATE_DATABASE', `Cannot start PostgreSQL ${major}: the data in "${data}" are of version ${found}`, {
    hint: `Start the Cairn that wrote them, dump its state database, and load the dump into an empty data directory`,
    retry: 'after-repair',
  })
}

/** Only the user that runs Cairn may connect: not even others that run as the account. Written anew at each start. */
function writeAccess(data: string, account: Account): void {
  const files = {
    'pg_hba.conf': 'local all cairn peer map=cairn\n',
    'pg_ident.conf': `cairn "${userName()}" cairn\n`,
  }
  for (const [name, text] of Object.entries(files)) {
    const path = join(data, name)
    writeFileSync(path, text, { mode: 0o600 })
    if (account.drop) chownSync(path, account.uid, account.gid)
  }
}
