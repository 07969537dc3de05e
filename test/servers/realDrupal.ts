import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import type { TestMariadb } from './mariadb.ts'
import { makeUploads } from './uploads.ts'

export type RealKind = 'drupal7' | 'drupal10' | 'backdrop'

/** Where a checkout that is ready to install was given: nothing here fetches one. */
export const realVariables: Record<RealKind, string> = {
  drupal7: 'CAIRN_TEST_DRUPAL7',
  drupal10: 'CAIRN_TEST_DRUPAL10',
  backdrop: 'CAIRN_TEST_BACKDROP',
}

export interface RealDrupal {
  codeRoot: string
  docroot: string
  files: string
  /** A public one, below the files */
  image: string
  privateFiles: string
  database: DatabaseCredentials
}

interface RealOptions {
  kind: RealKind
  checkout: string
  directory: string
  mariadb: TestMariadb
  name: string
}

/** Copies a checkout, installs it by its own installer, and gives it content, a public and a private file. */
export async function installDrupal({ kind, checkout, directory, mariadb, name }: RealOptions): Promise<RealDrupal> {
  const codeRoot = join(directory, 'site')
  cpSync(realpathSync(checkout), codeRoot, { recursive: true, filter: (path) => !path.endsWith('/.git') })
  const docroot = kind === 'drupal10' ? docrootOf(codeRoot) : codeRoot
  const privateFiles = join(directory, 'private')
  mkdirSync(privateFiles)
  writeFileSync(join(privateFiles, 'report.txt'), 'private')
  const password = 'pw'
  await mariadb.admin(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4; CREATE USER '${name}'@'%' IDENTIFIED BY '${password}';
    CREATE USER '${name}'@'localhost' IDENTIFIED BY '${password}'; GRANT ALL ON \`${name}\`.* TO '${name}'@'%'; GRANT ALL ON \`${name}\`.* TO '${name}'@'localhost'`)
  const input = JSON.stringify({ kind, docroot, database: name, user: name, password, port: mariadb.port, privateFiles })
  const script = join(import.meta.dirname, 'realDrupalInstall.php')
  const isRoot = process.getuid?.() === 0
  const giveAway = async (): Promise<void> => {
    if (isRoot) await runChild('chown', ['-hR', 'www-data:www-data', codeRoot, privateFiles])
  }
  await giveAway()
  const asUser = isRoot ? ['--reuid', 'www-data', '--regid', 'www-data', '--init-groups'] : []
  const limits = ['-d', 'memory_limit=1G', '-d', 'display_errors=stderr', '-d', 'error_reporting=0']
  await runChild('setpriv', [...asUser, '--', 'php', ...limits, script, input], { cwd: docroot })
  const files = join(docroot, kind === 'backdrop' ? 'files' : 'sites/default/files')
  const [image] = makeUploads(files, 1, 20_000)
  if (image === undefined) throw new Error('no image was made')
  await giveAway()
  const database = { host: '127.0.0.1', port: mariadb.port, socket: null, user: name, password, database: name }
  return { codeRoot, docroot, files, image: image.path, privateFiles, database }
}

function docrootOf(codeRoot: string): string {
  const found = ['web', 'docroot'].map((path) => join(codeRoot, path)).find((path) => realOrNull(path) !== null)
  return found ?? codeRoot
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}
