import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../../../base/failure.ts'
import type { Run } from '../../../base/run.ts'
import { connectDatabase } from '../../../elements/database/connect.ts'
import { quoteName, quoteText } from '../../../elements/database/sqlText.ts'
import type { MysqlHome, PhpRuntime, ToolRequest } from '../../../runtime/types.ts'
import { releaseCredentials } from '../content.ts'
import { readReleaseFile } from '../describeRelease.ts'
import { type ManagedPlace, releasePaths } from '../layout.ts'
import type { ReadCode } from '../readCode.ts'
import type { Release } from '../records.ts'
import { drupalScript } from './drupalScript.ts'
import { wordpressScript } from './wordpressScript.ts'

export interface Upkeep {
  /** Brings the tables to what the code wants */
  update: boolean
  /** Empties all caches that the site keeps in its database */
  clear: boolean
}

export interface UpkeepOptions extends Upkeep {
  place: ManagedPlace
  release: Release
  php: PhpRuntime
  mysql: Pick<MysqlHome, 'host' | 'port' | 'socket'>
  /** The environment's address */
  url: string
  timeoutSeconds: number
  run: Run
}

/**
 * Lets a release do its own upkeep on the schema that it has, by the site's own code: as the environment's user, without network
 * and mail, whatever `current` is.
 *
 * @returns what was done, in sentences; nothing where the code holds no site
 * @throws {Failure} UPDATE_FAILED in the site's own words, WORKFLOW_CANCELLED
 */
export async function runUpkeep(options: UpkeepOptions): Promise<string[]> {
  const { place, release, url, update, clear } = options
  const { code } = readReleaseFile(releasePaths(place, release.number).release)
  if (code === null || (!update && !clear)) return []
  const root = releasePaths(place, release.number).code
  const core = join(root, code.coreDirectory)
  if (code.framework === 'drupal8') return upkeepOfDrupal(options, root, code)
  if (code.framework === 'drupal7' || code.framework === 'backdrop') {
    const asked = { url, update, clear, isBackdrop: code.framework === 'backdrop' }
    const done = await script(options, join(root, code.docroot), { text: drupalScript }, [JSON.stringify(asked)])
    return tell(options, done)
  }
  const done: string[] = []
  for (const address of await addressesOf(options, code)) {
    const asked = JSON.stringify({ url: address, update, clear })
    done.push(...(await script(options, core, { text: wordpressScript }, [asked])))
  }
  return tell(options, done)
}

/** Where Drupal 8 and later keep the program that updates them; null where the code has none. */
export function findDrush(code: string): string | null {
  const program = join(code, 'vendor/bin/drush')
  if (!existsSync(program)) return null
  const real = realpathSync(program)
  if (/^#!.*php|^<\?php/.test(readFileSync(real, 'utf8').slice(0, 200))) return real
  const beside = join(dirname(real), 'drush.php') // of drush 8 and 9, where the other one is a shell script
  return existsSync(beside) ? beside : null
}

async function upkeepOfDrupal(options: UpkeepOptions, root: string, code: ReadCode): Promise<string[]> {
  const { update, url } = options
  const drush = findDrush(root)
  const docroot = join(root, code.docroot)
  if (drush === null) {
    if (update) throw noDrush()
    return emptyBins(options, code)
  }
  const common = [`--root=${docroot}`, `--uri=${url}`, '--yes', '--no-interaction']
  for (const command of update ? ['updatedb'] : ['cache:rebuild']) {
    await tool(options, docroot, { file: drush }, [command, ...common])
  }
  return [update ? 'the database was updated by drush' : 'the caches were rebuilt by drush']
}

export function noDrush(): Failure {
  return new Failure('PREFLIGHT_REFUSED', 'Cannot update the database: the code has no drush', {
    hint: 'Add it to the code (composer require drush/drush) and deploy that, or deploy without the update and open /update.php',
  })
}

/** Drupal builds them again when it is asked. */
async function emptyBins({ mysql, release, run }: UpkeepOptions, code: ReadCode): Promise<string[]> {
  const prefix = code.tablePrefix ?? code.ownTablePrefix ?? ''
  const credentials = releaseCredentials(mysql, release)
  const database = await connectDatabase(credentials)
  try {
    const rows = await database.query(
      `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA=${quoteText(credentials.database)} AND TABLE_TYPE='BASE TABLE'`,
    )
    const bins = rows.map(({ name }) => String(name)).filter((name) => name.startsWith(`${prefix}cache_`))
    for (const name of bins) await database.run(`TRUNCATE TABLE ${quoteName(name)}`)
    run.log('info', `emptied ${bins.length} cache bins`)
    return [`${bins.length} cache bins were emptied`]
  } finally {
    await database.close()
  }
}

/** Of a network each site has tables of its own. */
async function addressesOf({ mysql, release, url }: UpkeepOptions, code: ReadCode): Promise<string[]> {
  if (code.framework !== 'wordpress_network') return [url]
  const prefix = code.tablePrefix ?? code.ownTablePrefix ?? 'wp_'
  const database = await connectDatabase(releaseCredentials(mysql, release))
  try {
    const rows = await database.query(
      `SELECT domain, path FROM ${quoteName(`${prefix}blogs`)} WHERE archived='0' AND spam=0 AND deleted=0 ORDER BY blog_id`,
    )
    const { protocol } = new URL(url)
    return rows.map(({ domain, path }) => `${protocol}//${String(domain)}${String(path)}`)
  } finally {
    await database.close()
  }
}

async function script(options: UpkeepOptions, directory: string, text: ToolRequest['script'], args: string[]): Promise<string[]> {
  const { output, words } = await tool(options, directory, text, args)
  const [, done] = /^CAIRN (\[.*\])$/m.exec(output) ?? []
  if (done === undefined) throw failed(options, words) // a page that says why, and no error
  return JSON.parse(done) as string[]
}

async function tool(
  options: UpkeepOptions,
  directory: string,
  program: ToolRequest['script'],
  args: string[],
): Promise<{ output: string; words: string }> {
  const { place, release, php, mysql, timeoutSeconds, run } = options
  const result = await php.runTool({
    ...{ place, directory, script: program, args, timeoutSeconds, signal: run.signal },
    checkSecret: release.secrets.checkSecret,
    database: mysql.socket === null ? { host: mysql.host, port: mysql.port } : { socket: mysql.socket },
  })
  if (run.signal.aborted) throw new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the workflow was cancelled')
  if (result.isLate) throw failed(options, `it did not end within ${timeoutSeconds} s`)
  const words = lastWords(result.errors, result.output, releasePaths(place, release.number).code)
  if (result.code !== 0) throw failed(options, words)
  return { output: result.output, words }
}

function failed({ update }: Upkeep, words: string): Failure {
  return new Failure('UPDATE_FAILED', `Cannot ${update ? 'update the database' : 'empty the caches'}: ${words}`, {
    hint: 'The environment is as it was',
  })
}

/** Our own sentence, PHP's, or the last line that was said. */
function lastWords(errors: string, output: string, code: string): string {
  const told =
    /^Cairn: (.+)$/m.exec(errors)?.[1] ??
    /PHP (?:Fatal|Parse) error:\s+([^\n]+)|Fatal error:\s+([^\n]+)/.exec(`${errors}\n${output}`)?.slice(1).find(Boolean) ??
    plainText(`${output}\n${errors}`)
      .split('\n')
      .findLast((line) => line.trim() !== '') ??
    'it failed without a word'
  return told.replaceAll(`${code}/`, '').trim().slice(0, 500)
}

function plainText(page: string): string {
  return page.replaceAll(/<(style|script|title)\b[^]*?<\/\1>|<[^>]*>/g, ' ').replaceAll(/[ \t]+/g, ' ')
}

function tell({ update, clear }: Upkeep, done: string[]): string[] {
  const updated = done.length === 0 ? 'the tables were those of the code already' : `updated: ${done.slice(0, 20).join(', ')}`
  return [...(update ? [updated] : []), ...(clear ? ['the caches were emptied'] : [])]
}
