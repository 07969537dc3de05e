import { Failure } from '../../base/failure.ts'
import type { ArchivesFound, CreateSiteInput, SiteSource } from '../../contract/managedSchemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { frameworks } from '../../contract/words.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { hasFiles, type Looked, lookAtGiven, sendGiven } from '../given.ts'
import type { FileRole } from '../givenFile.ts'
import { readElements, readFramework } from '../inputs.ts'
import { managedOutcome } from '../managed.ts'
import { type Column, singleOf } from '../output/data.ts'
import { tellKey } from './backupCreate.ts'

interface Options {
  label?: string
  framework?: string
  code?: string
  database?: string
  files?: string
  all?: string
  fromBackup?: string
  element?: string
  keepAddresses?: true
  dryRun?: true
  wait: boolean
}

export function siteCreate(invoke: Invoke) {
  return makeCommand('site:create', {
    summary: 'Make a site that Cairn runs: out of archives, out of a backup, or empty',
    description:
      'Makes a managed site with dev, test and live. What it is made of goes into dev, which runs under its own address in the end. The framework is found, not asked. When it fails, nothing of it is left.',
    examples: [
      [
        'site:create shop --code=code.tar.gz --files=files.tar.gz --database=dump.sql.gz',
        'out of archives, which are uploaded; the same command goes on with an upload that was cut',
      ],
      ['site:create shop --all=https://example.org/site.zip', 'out of one archive that holds all, fetched by the server'],
      ['site:create shop --code=code.zip --database=- < address.txt', 'an address with a signature comes on stdin'],
      ['site:create shop --from-backup=01JB2…', 'out of a backup of any site, an attached one too'],
      ['site:create shop --framework=wordpress', 'an empty one'],
    ],
  })
    .argument('<SITE>', 'its name: letters, digits and dashes')
    .option('--label <text>', 'a name for people')
    .option('--code <file|address>', 'an archive of its code, a file or an address; "-" reads an address from stdin')
    .option('--database <file|address>', 'its database: .sql, .sql.gz, or an archive that holds one')
    .option('--files <file|address>', 'an archive of its uploads')
    .option('--all <file|address>', 'one archive that holds code, database and files, instead of the three')
    .option('--from-backup <id>', 'a backup: its id, or the name of one of its archives')
    .option('--element <element>', 'with --from-backup: which elements; code is needed (default: all that it holds)')
    .option('--framework <name>', `an empty site for it: ${frameworks.join(', ')}`)
    .option('--keep-addresses', 'leave the addresses in the database as they are')
    .option('--dry-run', 'make nothing; of archives print what they hold')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((site, options) => invoke((context) => create(context, site, options)))
}

export function importSite(invoke: Invoke) {
  return makeCommand('import:site', {
    summary: 'Make a site out of one archive that holds code, database and files',
    description: 'The same as "site:create SITE --all=…".',
    examples: [
      ['import:site shop site.tar.gz', 'a file, which is uploaded'],
      ['import:site shop https://example.org/site.zip', 'an address, which the server fetches'],
    ],
  })
    .alias('site:import')
    .argument('<SITE>', 'the name of the new site')
    .argument('<file|address>', 'the archive; "-" reads an address from stdin')
    .option('--label <text>', 'a name for people')
    .option('--keep-addresses', 'leave the addresses in the database as they are')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((site, all, options) => invoke((context) => create(context, site, { ...options, all })))
}

async function create(context: Context, site: string, options: Options) {
  const { client } = context
  const plan = await readPlan(context, options)
  const label = options.label === undefined ? {} : { label: options.label }
  if (plan.kind === 'archives' && hasFiles(plan.looked)) await requireCreatable(context, site)
  const source = plan.kind === 'archives' ? await sendArchives(context, plan) : plan.source
  const input: CreateSiteInput = { site, source, ...label }
  if (options.dryRun === true) return look(context, input, options.wait)
  const started = await client.post<Started>('/v1/sites', input)
  return follow(context, started, options.wait, async (workflow) => {
    const isEmpty = source.kind === 'empty'
    const told = isEmpty
      ? `${site} is there, without code yet. Next: push to its git address, which cairn site:info ${site} shows, or cairn import:code ${site}.dev FILE`
      : `${site} is there. Next: cairn env:deploy ${site}.test`
    const outcome = managedOutcome(context, workflow, told)
    await tellKey(context)
    return outcome
  })
}

/** Its name, the rights, and whether managed sites run there: refused now, not after the upload. */
async function requireCreatable({ client }: Context, site: string): Promise<void> {
  const input: CreateSiteInput = { site, source: { kind: 'empty', framework: 'wordpress' }, dryRun: true }
  await client.post<null>('/v1/sites', input)
}

const foundColumns: Column[] = ['framework', 'version', 'docroot', 'hasGit', 'code', 'files', 'database'].map((name) => ({
  name,
  title: name,
}))

async function look(context: Context, input: CreateSiteInput, wait: boolean) {
  const started = await context.client.post<Started | undefined>('/v1/sites', { ...input, dryRun: true })
  if (started === undefined) {
    context.say(`Dry run: nothing was made. ${input.site} could be made.`)
    return {}
  }
  return follow(context, started, wait, async (workflow) => {
    context.say('Dry run: nothing was made.')
    return { data: singleOf(foundColumns, { ...(workflow.result as ArchivesFound) }) }
  })
}

interface Archives {
  kind: 'archives'
  looked: Looked<FileRole>
  kept: { replaceAddresses?: false }
}

/** What the site is made of; of archives only looked at, nothing is sent. */
async function readPlan(context: Context, options: Options): Promise<Archives | { kind: 'other'; source: SiteSource }> {
  const { framework, code, database, files, all, fromBackup, element } = options
  const kept: Archives['kept'] = options.keepAddresses === true ? { replaceAddresses: false } : {}
  const ways = [framework, fromBackup, all, code ?? database ?? files].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    throw new Failure(
      'INPUT_INVALID',
      ways.length === 0 ? 'Cannot create a site out of nothing' : 'Cannot create a site: it is made in one way only',
      { hint: 'Give --code (with --database and --files), or --all, or --from-backup, or --framework for an empty one' },
    )
  }
  if (framework !== undefined) return { kind: 'other', source: { kind: 'empty', framework: readFramework(framework) } }
  if (fromBackup !== undefined) {
    const elements = element === undefined ? {} : { elements: readElements(element) }
    return { kind: 'other', source: { kind: 'backup', backup: fromBackup, ...elements, ...kept } }
  }
  if (all === undefined && code === undefined) {
    throw new Failure('INPUT_INVALID', 'Cannot create a site without code', { hint: 'Add --code=FILE, or use --all=FILE' })
  }
  return { kind: 'archives', looked: await lookAtGiven(context, { all, code, database, files }), kept }
}

async function sendArchives(context: Context, { looked, kept }: Archives): Promise<SiteSource> {
  return { kind: 'archives', ...(await sendGiven(context, looked)), ...kept }
}
