import { closeSync, existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { openNameless } from '../../base/files.ts'
import { runChild } from '../../base/spawn.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { endpointOf } from '../../sites/endpoint.ts'
import type { ServerKind } from './tokens.ts'

export interface DumpClient {
  program: string
  family: ServerKind['family']
  version: string
  /** Names of the options that it knows, without the dashes */
  options: ReadonlySet<string>
}

const known = new Map<string, Promise<DumpClient>>()

const stdbuf = ['/usr/bin/stdbuf', '/bin/stdbuf'].find((path) => existsSync(path))

/**
 * The command that writes its output in pieces of 64 KiB, where coreutils are there. By itself a client writes 4 KiB at a time
 * to a pipe: eight times as many reads for us, half a second of CPU for 100 MB.
 */
export function inLargePieces(program: string, args: readonly string[]): [program: string, args: string[]] {
  return stdbuf === undefined ? [program, [...args]] : [stdbuf, ['--output=64K', program, ...args]]
}

/**
 * The dump program that fits the server's family, asked once for its version and options instead of trusting a table of
 * versions.
 *
 * @throws {Failure} DUMP_FAILED when none is installed
 */
export async function findDumpClient(family: ServerKind['family']): Promise<DumpClient> {
  const names = family === 'mariadb' ? ['mariadb-dump', 'mysqldump'] : ['mysqldump', 'mariadb-dump']
  const found: DumpClient[] = []
  for (const name of names) {
    const program = onPath(name)
    if (program === null) continue
    let asked = known.get(program)
    if (asked === undefined) {
      asked = ask(program)
      known.set(program, asked)
      asked.catch(() => known.delete(program))
    }
    const client = await asked
    if (client.family === family) return client
    found.push(client)
  }
  const [other] = found // the other family's client mostly works; the dump's checks tell if it did not
  if (other !== undefined) return other
  throw new Failure('DUMP_FAILED', `Cannot dump the database: neither "${names[0]}" nor "${names[1]}" is installed`, {
    hint: family === 'mariadb' ? 'apt-get install mariadb-client' : 'apt-get install mysql-client',
    retry: 'after-repair',
  })
}

async function ask(program: string): Promise<DumpClient> {
  const version = (await runChild(program, ['--no-defaults', '--version'])).stdout.trim()
  const help = (await runChild(program, ['--no-defaults', '--help'])).stdout
  const options = new Set<string>()
  // listed once with its explanation and once, without dashes, among the values
  for (const [, name = ''] of help.matchAll(/--([a-z][a-z0-9-]+)/g)) options.add(name)
  for (const [, name = ''] of help.matchAll(/^([a-z][a-z0-9-]+) +\S/gm)) options.add(name)
  return { program, family: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version, options }
}

function onPath(name: string): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    if (directory.startsWith('/') && existsSync(path)) return path
  }
  return null
}

/**
 * The credentials as an option file without a name, so that neither an argument shows them nor a crash leaves them: a client
 * that is started with `fd` as its fourth stream reads it at `optionFilePath`. The caller closes `fd`.
 */
export function openOptionFile(credentials: DatabaseCredentials, family: ServerKind['family']): number {
  const endpoint = endpointOf(credentials)
  const lines = [
    '[client]',
    `user=${optionValue(credentials.user)}`,
    `password=${optionValue(credentials.password)}`,
    ...('socket' in endpoint
      ? [`socket=${optionValue(endpoint.socket)}`, 'protocol=socket']
      : [`host=${optionValue(endpoint.host)}`, `port=${endpoint.port}`, 'protocol=tcp', ...tlsLines(credentials, family)]),
    '',
  ]
  const fd = openNameless(tmpdir())
  try {
    writeFileSync(fd, lines.join('\n'))
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

export const optionFilePath = '/proc/self/fd/3'

/** MySQL's clients verify with a list that they are given only. */
function tlsLines({ tls }: DatabaseCredentials, family: ServerKind['family']): string[] {
  if (tls === undefined) return []
  const verified = tls === 'verified'
  if (family === 'mariadb') return ['ssl', `ssl-verify-server-cert=${verified ? 'ON' : 'OFF'}`]
  return verified ? ['ssl-mode=VERIFY_IDENTITY', `ssl-ca=${optionValue(authorities)}`] : ['ssl-mode=REQUIRED']
}

const authorities = '/etc/ssl/certs/ca-certificates.crt'

function optionValue(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  return `"${escaped}"`
}
