import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import { run } from '../../src/cli/testing.suite.ts'
import type { CodeCommit, DeletedResult, ManagedResult } from '../../src/contract/managedSchemas.ts'
import type { EnvironmentView } from '../../src/contract/schemas.ts'
import { connectDatabase, type Database } from '../../src/elements/database/connect.ts'
import { type Cairn, prepareCairn } from '../load/cairn.ts'
import { freePort } from '../servers/ports.ts'
import { type Ground, openGround } from './ground.ts'
import { makeSite, type Site } from './site.ts'

// One site through its life, by the commands that people type, against a server of its own: made out of downloaded archives,
// backed up, changed, restored elsewhere, deployed, cloned, wiped, undone, deleted.

let ground: Ground
let cairn: Cairn
let source: Site
let downloads: string

beforeAll(async () => {
  ground = await openGround()
  const site = { version: '6.5', directory: join(ground.directory, 'source'), mariadb: ground.mariadb } as const
  source = await makeSite({ ...site, name: 'source', posts: 5, uploads: 3 })
  ground.later(() => source.php.stop())
  slim(source.root)
  cairn = await prepareCairn(join(ground.directory, 'cairn'), {
    CAIRN_GATEWAY_LISTEN: `127.0.0.1:${await freePort()}`,
    CAIRN_UID_BASE: '36000000',
  })
  await cairn.start()
  ground.later(() => cairn.stop())
  downloads = join(ground.directory, 'downloads')
  mkdirSync(downloads)
  await type('site:attach', 'old.live', `--path=${source.root}`)
  await type('backup:create', 'old.live')
  for (const element of ['code', 'files', 'database']) {
    await type('backup:get', 'old.live', `--element=${element}`, `--to=${archive(element)}`)
  }
})

afterAll(() => ground.close())

/** Away with names that archives of elsewhere may not have, and with what only browsers fetch: each release exports it anew. */
function slim(root: string): void {
  const away = ['wp-content/uploads/odd', 'wp-content/themes/twentytwentytwo', 'wp-content/themes/twentytwentythree']
  const scripts = readdirSync(join(root, 'wp-includes/js')).filter((name) => !name.startsWith('wp-emoji')) // PHP reads that one
  away.push(...scripts.map((name) => `wp-includes/js/${name}`), ...['css', 'images', 'js'].map((name) => `wp-admin/${name}`))
  for (const name of away) rmSync(join(root, name), { recursive: true })
}

const archive = (element: string): string => join(downloads, `${element}.${element === 'database' ? 'sql.gz' : 'tar.gz'}`)

/** Runs a command that must succeed, warnings or not, and gives its data. */
async function type<T>(...argv: string[]): Promise<T> {
  const began = performance.now()
  const { exit, out, err } = await run([...argv, '--json'], { env: { ...cairn.env, HOME: ground.directory } })
  if (process.env['CAIRN_TIMES'] === '1') console.log(`${((performance.now() - began) / 1000).toFixed(1)} s  ${argv[0]}`)
  expect([0, 3], `cairn ${argv.join(' ')}: ${err}`).toContain(exit)
  return JSON.parse(out) as T
}

/** Runs one that must fail, and gives its exit code with what it said. */
async function fail(...argv: string[]): Promise<[number, string]> {
  const { exit, out, err } = await run(argv, { env: { ...cairn.env, HOME: ground.directory } })
  expect(out).toBe('')
  return [exit, err]
}

interface Page {
  status: number
  text: string
}

/** As a visitor: names below `localhost` need no name server. */
function ask(url: string): Promise<Page> {
  const { hostname, host, port, pathname, search } = new URL(url)
  expect(hostname).toMatch(/\.localhost$/)
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: pathname + search, headers: { host } }, (answer) => {
      let text = ''
      answer.setEncoding('latin1').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    }).on('error', reject)
  })
}

const look = (environment: string): Promise<EnvironmentView> => cairn.client.get(`/v1/sites/shop/environments/${environment}`)

const image = 'wp-content/uploads/2024/01/photo-1.png'

/** The front page, the login and an uploaded image, as visitors get them, with no address of the source anywhere in the data. */
async function expectRunning(environment: string): Promise<string> {
  const url = (await look(environment)).url ?? ''
  const [front, login, picture] = [await ask(`${url}/`), await ask(`${url}/wp-login.php`), await ask(`${url}/${image}`)]
  expect([front.status, login.status, picture.status]).toEqual([200, 200, 200])
  expect(login.text).toContain('user_pass')
  expect(picture.text).toBe(readFileSync(join(source.root, image), 'latin1'))
  const strange = ['dev', 'test', 'live'].filter((name) => name !== environment).map((name) => `${name}-shop.localhost`)
  const all = front.text + login.text + (await wholeDatabase(environment))
  expect([new URL(source.php.url).host, ...strange].map((host) => around(all, host))).toEqual(['', ...strange.map(() => '')])
  return front.text
}

/** Where a word stands, for the message of a failure; nothing where it does not. */
function around(text: string, word: string): string {
  const at = text.indexOf(word)
  return at < 0 ? '' : text.slice(Math.max(0, at - 80), at + 80)
}

/** As somebody at work in the site would. */
async function inDatabase<T>(environment: string, work: (database: Database) => Promise<T>): Promise<T> {
  const file = join(cairn.data, 'sites/shop', environment, 'current/environment.json')
  const { variables } = JSON.parse(readFileSync(file, 'utf8')) as { variables: Record<string, string> }
  const database = await connectDatabase({
    ...{
      host: variables['DB_HOST'] ?? '',
      port: Number(variables['DB_PORT']),
      socket: null,
      database: variables['DB_NAME'] ?? '',
    },
    ...{ user: variables['DB_USER'] ?? '', password: variables['DB_PASSWORD'] ?? '' },
  })
  return work(database).finally(() => database.close())
}

const sql = (environment: string, statement: string): Promise<unknown> =>
  inDatabase(environment, (database) => database.run(statement))

const rename = (environment: string, title: string): Promise<unknown> =>
  sql(environment, `UPDATE wp_options SET option_value='${title}' WHERE option_name='blogname'`)

/** All but `guid`, which is an identity and never changed, though it looks like an address. */
function wholeDatabase(environment: string): Promise<string> {
  return inDatabase(environment, async (database) => {
    const tables = await database.query('SELECT table_name AS name FROM information_schema.tables WHERE table_schema=database()')
    const rows: unknown[] = []
    for (const { name } of tables) {
      const found = await database.query(`SELECT * FROM \`${String(name)}\``)
      rows.push(...found.map(({ guid: _identity, ...row }) => row))
    }
    expect(tables.length).toBeGreaterThan(12)
    // stored objects come along, though the account of a release may not read their text
    expect(
      await database.query('SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema=database()'),
    ).toEqual([{ name: 'wp_count_posts' }])
    return JSON.stringify(rows)
  })
}

const git = (directory: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'safe.directory=*', '-C', directory, ...args], { encoding: 'utf8' })

test('downloaded archives become a site that runs under its own address', async () => {
  const options = ['code', 'files', 'database'].map((element) => `--${element}=${archive(element)}`)
  const made = await type<ManagedResult>('site:create', 'shop', '--label=The shop', ...options)
  expect(made).toMatchObject({ environment: 'shop.dev', release: 1, safetyBackup: null })
  expect(made.done.join()).toMatch(/addresses were replaced.*no mail leaves/)
  await expectRunning('dev')
  expect((await fail('site:create', 'shop', '--framework=wordpress'))[0]).toBe(2)
})

test('what cannot become a site leaves nothing', async () => {
  const databases = join(cairn.data, 'mysql/data')
  const schemas = (): string[] => (existsSync(databases) ? readdirSync(databases).filter((name) => name.startsWith('c_')) : [])
  const before = schemas()
  const noDump = join(ground.directory, 'no-dump.sql')
  writeFileSync(noDump, 'CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO b VALUES (1);\n')
  // the dump is loaded while the archives are read: whichever fails, that is told
  for (const [code, database, exits, words] of [
    ['files', archive('database'), 2, 'ARCHIVE_REFUSED'],
    ['code', noDump, 1, 'it fills table "b" before making it'],
  ] as const) {
    const [exit, err] = await fail('site:create', 'half', `--code=${archive(code)}`, `--database=${database}`)
    expect([exit, err]).toEqual([exits, expect.stringContaining(words)])
    expect((await fail('site:info', 'half'))[0]).toBe(4)
    expect(existsSync(join(cairn.data, 'sites/half'))).toBe(false)
    expect(schemas()).toEqual(before)
  }
})

test("dev's backup goes into test, test's code to live, live's content back to dev", async () => {
  await type('backup:create', 'shop.dev')
  await expectHistory()
  await rename('dev', 'Changed meanwhile')
  expect((await expectRunning('dev')).includes('Changed meanwhile')).toBe(true)
  await type('backup:restore', 'shop.dev', '--to-env=test', '--yes')
  expect(around(await expectRunning('test'), 'Changed meanwhile')).toBe('')

  expect((await fail('env:deploy', 'shop.live', '--yes'))[0]).toBe(6)
  const deployed = await type<ManagedResult>('env:deploy', 'shop.live', '--note=first', '--yes', '--confirm=shop.live')
  expect(deployed).toMatchObject({ release: 1, commit: (await look('test')).managed?.commit, safetyBackup: null })
  await expectRunning('live')
  expect(
    await inDatabase('live', (database) =>
      database.query("SELECT option_value AS open FROM wp_options WHERE option_name='blog_public'"),
    ),
  ).toEqual([{ open: '1' }])

  await rename('test', 'Title of test')
  const up = await type<ManagedResult>('env:clone-content', 'shop.test', 'live', '--yes', '--confirm=shop.live')
  expect(up.safetyBackup).not.toBeNull()
  expect(up.done.join()).not.toContain('mail')
  expect(around(await expectRunning('live'), 'Title of test')).not.toBe('')
  const down = await type<ManagedResult>('env:clone-content', 'shop.live', 'dev', '--yes')
  expect(down.done.join()).toContain('no mail leaves')
  expect(around(await expectRunning('dev'), 'Title of test')).not.toBe('')
})

test('a wiped environment shows its installer, and comes back by undo', async () => {
  await type('env:wipe', 'shop.dev', '--yes')
  expect((await ask(`${(await look('dev')).url}/`)).status).toBe(302)
  expect(await type('env:undo', 'shop.dev', '--yes')).toMatchObject({ inPlace: 'before' })
  expect(around(await expectRunning('dev'), 'Title of test')).not.toBe('')
})

test('code is imported as a commit, shown in the log, reverted and reset', async () => {
  const [first] = await codeLog()
  const tree = join(ground.directory, 'tree')
  mkdirSync(tree)
  execFileSync('tar', ['-xzf', archive('code'), '-C', tree])
  writeFileSync(join(tree, 'said.php'), '<?php echo 6 * 7;')
  rmSync(join(tree, 'readme.html'))
  const changed = join(downloads, 'changed.tar.gz')
  execFileSync('tar', ['-czf', changed, '-C', tree, '.'])
  expect(await type('import:code', 'shop.dev', changed, '--dry-run')).toMatchObject({ added: 1, changed: 0, removed: 1 })
  const imported = await type<ManagedResult>('import:code', 'shop.dev', changed, '--yes')
  const said = async (): Promise<Page> => ask(`${(await look('dev')).url}/said.php`)
  expect((await said()).text).toBe('42')
  expect((await codeLog()).map(({ hash }) => hash)).toEqual([imported.commit, first?.hash])

  const reverted = await type<ManagedResult>('env:code-revert', 'shop.dev', first?.hash ?? '', '--yes')
  expect((await said()).status).toBe(404)
  expect(await codeLog()).toMatchObject([
    { hash: reverted.commit, environments: ['dev'], deployed: true },
    { hash: imported.commit, environments: ['dev'] },
    { hash: first?.hash, environments: ['dev', 'test', 'live'] },
  ])
  await type('env:code-reset', 'shop.dev', imported.commit ?? '', '--yes')
  expect((await said()).text).toBe('42')
  expect(await codeLog()).toHaveLength(2)
  await expectRunning('dev')
})

test('a database and files from elsewhere go into an environment, by address and by upload', async () => {
  const link = await run(['backup:get', 'old.live', '--element=database'], { env: cairn.env })
  const address = link.out.trim() // one of our own: read from the repository, without network
  const imported = await run(['import:db', 'shop.dev', '-', '--yes', '--json'], { env: cairn.env, stdin: `${address}\n` })
  expect([0, 3], imported.err).toContain(imported.exit)
  expect(around(await expectRunning('dev'), 'Title of test')).toBe('')
  const { filesDirectory } = await look('dev')
  rmSync(join(filesDirectory ?? '', '2024/01'), { recursive: true })
  await type('import:files', 'shop.dev', archive('files'), '--yes')
  await expectRunning('dev')

  const host = new URL((await look('dev')).url ?? '').host
  const words = [`http://${host}`, 'http://moved.example.com']
  expect(await type('env:search-replace', 'shop.dev', ...words, '--dry-run')).toMatchObject({ dryRun: true, release: null })
  expect((await wholeDatabase('dev')).includes(host)).toBe(true)
  const replaced = await type<{ replacements: number }>('env:search-replace', 'shop.dev', ...words, '--yes')
  expect(replaced.replacements).toBeGreaterThan(5)
  expect(around(await wholeDatabase('dev'), host)).toBe('')
})

test('files and database past any limit come in as docs/manual-import.md says, word by word', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/manual-import.md'), 'utf8')
  const [, section = ''] = text.split('## Files and database past any limit\n')
  const [, script = ''] = /^```sh\n(.*?)^```/ms.exec(section) ?? []
  expect(script).toContain('backup:restore')
  await rename('dev', 'Not from the old site')
  const bin = join(import.meta.dirname, '../../bin')
  const path = `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const env = { ...cairn.env, HOME: ground.directory, PATH: path, SITE: 'shop', OLD_SITE: source.root }
  // 3: done with warnings, such as that of the key that nobody has exported yet
  const lines = script.trim().split('\n')
  for (const line of lines) await runChild('bash', ['-c', `${line}; code=$?; [ $code = 0 ] || [ $code = 3 ]`], { env })
  expect(around(await expectRunning('dev'), 'Not from the old site')).toBe('')
  expect((await fail('env:info', 'old-shop.live'))[0]).toBe(4)
})

test('an environment more, and then all of it deleted: nothing is left but the backups', async () => {
  await type('env:create', 'shop.more', '--from=live')
  expect(around(await expectRunning('more'), 'Title of test')).not.toBe('')
  await type('env:delete', 'shop.more', '--yes')
  expect((await fail('env:info', 'shop.more'))[0]).toBe(4)
  expect(await type('backup:list', 'shop.more')).toHaveLength(3)
  const nothing = await cairn.client.get('/v1/sites/shop/environments/more/backups', { search: 'what nobody wrote' })
  expect(nothing).toMatchObject({ backups: [], total: 0 }) // there are some, only none with this
  expect((await fail('site:delete', 'shop', '--yes'))[0]).toBe(6)

  // a release that somebody removed cannot be backed up any more: how it is deleted all the same is said, and the others are backed up
  rmSync(join((await look('test')).codeRoot, '..'), { recursive: true })
  const deletion = ['site:delete', 'shop', '--yes', '--confirm=shop']
  const [, refusal] = await fail(...deletion)
  expect(refusal).toContain('Cannot take the last backup of "shop.test"')
  expect(refusal).toContain('cairn site:delete shop --give-up-last-backup')
  await expectRunning('dev')
  const { lastBackups } = await type<DeletedResult>(...deletion, '--give-up-last-backup')
  expect(lastBackups).toHaveLength(2)
  expect(existsSync(join(cairn.data, 'sites/shop'))).toBe(false)
  expect(readdirSync(join(cairn.data, 'mysql/data')).filter((name) => name.startsWith('c_'))).toEqual([])
  expect((await fail('site:info', 'shop'))[0]).toBe(4)
  expect(await type('backup:info', lastBackups[0] ?? '')).toMatchObject({ state: 'proven' })
  const left = await type<{ backup: string }[]>('backup:list', 'shop.dev')
  expect(left.map(({ backup }) => backup)).toContain(lastBackups[0])
  expect((await fail('backup:list', 'shop.tset'))[0]).toBe(4)
})

const codeLog = (): Promise<CodeCommit[]> => type<CodeCommit[]>('env:code-log', 'shop.dev')

/** Untarred elsewhere the code archive is a work tree with its whole history, and nobody changed a file. */
async function expectHistory(): Promise<void> {
  const to = join(ground.directory, 'untarred')
  mkdirSync(to)
  const code = join(downloads, 'own.tar.gz')
  await run(['backup:get', 'shop.dev', '--element=code', `--to=${code}`], { env: cairn.env })
  execFileSync('tar', ['-xzf', code, '-C', to, '--no-same-owner'])
  git(to, 'fsck', '--strict')
  expect(git(to, 'log', '--oneline').trim().split('\n')).toHaveLength(1)
  expect(git(to, 'status', '--porcelain')).toBe('')
}
