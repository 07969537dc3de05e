import { resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { AttachInput, Attached, DatabaseInput, Detection, Overrides } from '../../contract/schemas.ts'
import { frameworks, type TlsMode, tlsModes } from '../../contract/words.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmPlain } from '../confirm.ts'
import type { Context } from '../context.ts'
import { readCount, readFramework, readNewEnvironment } from '../inputs.ts'
import { readNamedFile } from '../namedFile.ts'
import { singleOf } from '../output/data.ts'
import { readVariables } from '../variables.ts'
import { checkLine, databaseText, environmentColumns, environmentRow } from '../rows.ts'
import { tellKey } from './backupCreate.ts'

interface Options {
  path: string
  framework?: string
  files?: string
  privateFiles?: string
  siteDirectory?: string
  url?: string
  label?: string
  dbHost?: string
  dbPort?: string
  dbSocket?: string
  dbUser?: string
  dbName?: string
  dbPasswordFile?: string
  dbTls?: string
  tablePrefix?: string
  phpEnvFile?: string
  adminUser?: string
  adminPasswordFile?: string
  phpReload?: string
  again?: true
  dryRun?: true
}

export function siteAttach(invoke: Invoke) {
  return makeCommand('site:attach', {
    summary: 'Attach a site that is on the server',
    description:
      "Looks what a directory of the server's machine holds, shows it, and attaches it as an environment. Nothing in the directory is changed.",
    examples: [
      ['site:attach blog.live --path=/var/www/blog', 'a WordPress; everything else is found'],
      ['site:attach blog.live --path=/var/www/blog --dry-run', 'only show what is found'],
      ['site:attach blog.live --path=/srv/blog --again', 'it has moved there'],
      [
        'site:attach blog.test --path=/srv/test --db-user=blog --db-name=blog --db-password-file=pw',
        'where the configuration cannot be read',
      ],
    ],
  })
    .argument(
      '[SITE.ENV]',
      'the name: lower-case letters, digits and dashes, a dot, and dev, test, live or another name of up to eleven letters and digits',
    )
    .requiredOption('--path <directory>', 'the directory of the site')
    .option('--framework <name>', `what it is: ${frameworks.join(', ')}`)
    .option('--files <directory>', 'where the uploads are, when not found')
    .option('--private-files <directory>', 'where private files are, when not found')
    .option('--site-directory <name>', 'of several sites on one Drupal the one that is meant, such as example.com')
    .option('--url <address>', 'its public address, when not found')
    .option('--label <text>', 'a name for people')
    .option('--db-host <host>', 'database server')
    .option('--db-port <port>', 'its port')
    .option('--db-socket <path>', 'its unix socket')
    .option('--db-user <name>', 'database account')
    .option('--db-name <name>', 'database')
    .option('--db-password-file <file>', 'a file with the password, "-" for stdin (or the variable CAIRN_DB_PASSWORD)')
    .option('--db-tls <how>', 'encrypt the connection: required, verified (with its certificate), or off')
    .option('--table-prefix <prefix>', 'what the names of its tables begin with, when not found')
    .option('--php-env-file <file>', 'the environment variables of its PHP, NAME=VALUE a line, "-" for stdin')
    .option('--admin-user <name>', 'an account that may create databases: restores then use one of their own')
    .option('--admin-password-file <file>', 'a file with its password, "-" for stdin')
    .option('--php-reload <command>', 'how to reload PHP after a restore, such as "systemctl reload php8.2-fpm"')
    .option('--again', 'it is attached already, and has moved or has other credentials; its backups stay its own')
    .option('--dry-run', 'show what is found and attach nothing')
    .action((subject, options) => invoke((context) => attach(context, subject, options)))
}

async function attach(context: Context, subject: string | undefined, options: Options) {
  const { client, terminal } = context
  const environment = readNewEnvironment(subject, terminal.env)
  const directory = resolve(terminal.cwd, options.path)
  refuseSharedStdin(options)
  const overrides = await readOverrides(context, options)
  const admin = await readAdmin(context, options)
  let detection = await client.post<Detection>('/v1/detect', { path: directory, overrides })
  if (context.mayAsk && (await askMissing(context, detection, overrides))) {
    detection = await client.post<Detection>('/v1/detect', { path: directory, overrides })
  }
  tellDetection(context, detection)
  if (!['dev', 'test', 'live'].includes(environment.environment)) {
    context.say(
      `  "${environment.environment}" is an environment beside dev, test and live. Of live alone the name is asked before it is changed: attach the site that its visitors see as ${environment.site}.live`,
    )
  }
  if (options.dryRun === true) return { data: singleOf(detectionColumns, { ...detection }) }
  if (context.mayAsk && !context.flags.yes)
    await confirmPlain(context, `Attach this as ${environment.text}?`, 'Nothing was attached')
  const input: AttachInput = {
    path: directory,
    ...overrides,
    ...(options.label === undefined ? {} : { label: options.label }),
    ...(await admin()),
    ...(options.again === true ? { again: true } : {}),
  }
  const attached = await client.post<Attached>(path`/v1/sites/${environment.site}/environments/${environment.environment}`, input)
  context.say(`Attached ${environment.text}. Restore mode: ${attached.preflight.mode}`)
  for (const check of attached.preflight.checks) {
    if (check.ok || check.level === 'info') context.say(`  ${checkLine(check)}`)
    else context.warn(check.message)
  }
  await tellKey(context)
  const data = singleOf(attachedColumns, environmentRow({ ...attached.environment, preflight: attached.preflight }))
  if (attached.preflight.checks.some(({ level }) => level === 'error')) {
    context.say(`Next: mend what the warnings say, or give it in a flag and attach it once more with --again`)
    return { data, exit: 3 }
  }
  context.say(`Next: cairn backup:create ${environment.text}`)
  return { data }
}

/** The preflight was told while attaching: people need not read it twice. */
const attachedColumns = environmentColumns.map((column) => (column.name === 'preflight' ? { ...column, hidden: true } : column))

const detectionColumns = [
  ...[
    'framework',
    'version',
    'codeRoot',
    'docroot',
    'contentDirectory',
    'filesDirectory',
    'configFiles',
    'url',
    'tablePrefix',
  ].map((name) => ({ name, title: name })),
  { name: 'database', title: 'database', show: databaseText },
  { name: 'notes', title: 'notes' },
]

function tellDetection(context: Context, found: Detection): void {
  context.say(`Found ${found.framework ?? 'no known system'}${found.version === null ? '' : ` ${found.version}`}`)
  context.say(`  code      ${found.codeRoot}${found.docroot === found.codeRoot ? '' : ` (served from ${found.docroot})`}`)
  context.say(`  files     ${found.filesDirectory ?? 'not found'}`)
  for (const { at, directory } of found.furtherFiles) context.say(`  ${at.padEnd(9)} ${directory}`)
  context.say(`  database  ${found.database === null ? 'not found' : databaseText(found.database)}`)
  context.say(`  address   ${found.url ?? 'not found'}`)
  if (found.configFiles.length > 0) context.say(`  secrets   ${found.configFiles.join(', ')}`)
  for (const note of found.notes) context.say(`  ${note}`)
}

/** Asks for what could not be found; true when something was answered. */
async function askMissing(context: Context, found: Detection, overrides: Overrides): Promise<boolean> {
  const { ask } = context.terminal
  let answered = false
  if (found.framework !== null && found.filesDirectory === null) {
    overrides.filesPath = resolve(context.terminal.cwd, await ask.text('Where are the uploads (files directory)?'))
    answered = true
  }
  const { database } = found
  if (found.framework === null || (database !== null && database.user !== '' && database.name !== '' && database.passwordPresent))
    return answered
  const given: DatabaseInput = { ...overrides.database }
  given.user ??= await ask.text('Database account', database?.user ?? '')
  given.name ??= await ask.text('Database', database?.name ?? '')
  given.password ??= await ask.password('Password of the database account (empty for none)')
  overrides.database = given
  return true
}

async function readOverrides(context: Context, options: Options): Promise<Overrides> {
  const { cwd, env } = context.terminal
  const password =
    options.dbPasswordFile === undefined
      ? env['CAIRN_DB_PASSWORD']
      : await readPassword(context, '--db-password-file', options.dbPasswordFile)
  const database: DatabaseInput = {
    ...(options.dbHost === undefined ? {} : { host: options.dbHost }),
    ...(options.dbPort === undefined ? {} : { port: readCount(options.dbPort, '--db-port', 65_535) }),
    ...(options.dbSocket === undefined ? {} : { socket: resolve(cwd, options.dbSocket) }),
    ...(options.dbUser === undefined ? {} : { user: options.dbUser }),
    ...(options.dbName === undefined ? {} : { name: options.dbName }),
    ...(password === undefined ? {} : { password }),
    ...(options.dbTls === undefined ? {} : { tls: readTls(options.dbTls) }),
  }
  return {
    ...(options.framework === undefined ? {} : { framework: readFramework(options.framework) }),
    ...(options.files === undefined ? {} : { filesPath: resolve(cwd, options.files) }),
    ...(options.privateFiles === undefined ? {} : { privatePath: resolve(cwd, options.privateFiles) }),
    ...(options.siteDirectory === undefined ? {} : { siteDirectory: options.siteDirectory }),
    ...(options.url === undefined ? {} : { url: options.url }),
    ...(options.tablePrefix === undefined ? {} : { tablePrefix: options.tablePrefix }),
    ...(options.phpEnvFile === undefined ? {} : { environment: await readPhpVariables(context, options.phpEnvFile) }),
    ...(options.phpReload === undefined ? {} : { phpReload: options.phpReload }),
    ...(Object.keys(database).length === 0 ? {} : { database }),
  }
}

/** The file is read before anything else is done; without one a person is asked when the account is needed. */
async function readAdmin(context: Context, options: Options): Promise<() => Promise<Pick<AttachInput, 'adminDatabase'>>> {
  const { adminUser: user, adminPasswordFile: file } = options
  if (user === undefined) {
    if (file === undefined) return async () => ({})
    throw new Failure('INPUT_INVALID', 'Cannot use --admin-password-file: it is not said whose password it holds', {
      hint: 'Add --admin-user=NAME',
    })
  }
  if (file !== undefined) {
    const password = await readPassword(context, '--admin-password-file', file)
    return async () => ({ adminDatabase: { user, password } })
  }
  if (!context.mayAsk) {
    throw new Failure('INPUT_INVALID', `Cannot use --admin-user "${user}": its password is not known`, {
      hint: 'Add --admin-password-file=FILE',
    })
  }
  return async () => ({
    adminDatabase: { user, password: await context.terminal.ask.password(`Password of ${user}`) },
  })
}

/** Without the line end that an editor leaves. */
async function readPassword({ terminal }: Context, option: string, given: string): Promise<string> {
  const found = await readNamedFile(terminal, {
    ...{ option, given, holds: 'the password of the account' },
    ifEmpty: 'For an account without a password it holds one empty line',
  })
  return found.replace(/\r?\n$/, '')
}

async function readPhpVariables({ terminal }: Context, given: string): Promise<Record<string, string>> {
  const holds = 'environment variables, NAME=VALUE a line'
  return readVariables(await readNamedFile(terminal, { option: '--php-env-file', given, holds }))
}

/** @throws {Failure} INPUT_INVALID when two things would come from the same stream */
function refuseSharedStdin({ dbPasswordFile, adminPasswordFile, phpEnvFile }: Options): void {
  if ([dbPasswordFile, adminPasswordFile, phpEnvFile].filter((file) => file === '-').length < 2) return
  throw new Failure('INPUT_INVALID', 'Cannot read stdin twice: only one of the files can be "-"', {
    hint: 'Put the others into files of mode 0600',
  })
}

function readTls(how: string): TlsMode | null {
  const found = tlsModes.find((mode) => mode === how)
  if (found !== undefined || how === 'off') return found ?? null
  throw new Failure('INPUT_INVALID', `Cannot use --db-tls "${how}": required, verified or off is wanted`)
}
