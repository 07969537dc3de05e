import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ManagedResult } from '../../src/contract/managedSchemas.ts'
import type { Element } from '../../src/contract/words.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { userGit } from '../../src/git/testing.suite.ts'
import { siteDesk } from '../../src/server/desks/sites.ts'
import { beginHold } from '../../src/releases/managed/hold.ts'
import { placeOf } from '../../src/releases/managed/layout.ts'
import { followMaster } from '../../src/workflows/managed/followMaster.ts'
import { withDatabase } from '../../src/workflows/managed/moveAddresses.ts'
import { repositoryPath } from '../../src/workflows/managed/putRelease.ts'
import { installDrupal } from '../servers/realDrupal.ts'
import { unpackWordPress } from '../servers/wordpress.ts'
import { givenCheckouts } from './givenCheckouts.ts'
import { type Ground, openGround } from './ground.ts'
import { type ManagedTestHouse, startManagedHouse } from './managedHouse.ts'
import { makeSite } from './site.ts'
import { visit } from './visit.ts'

// Deploys that update the database and empty caches, by the code of real sites.

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: updates of databases by deploys, which need root to run the code of sites')
const given = givenCheckouts((kind) => `the database of a real ${kind} is updated by a deploy`)

let ground: Ground
let cairn: ManagedTestHouse
beforeAll(async () => {
  ground = await openGround()
  mkdirSync(join(ground.directory, 'cairn'), { mode: 0o711 })
  cairn = await startManagedHouse(join(ground.directory, 'cairn'))
  ground.later(() => cairn.stop())
})
afterAll(() => ground.close())

const all: Element[] = ['code', 'files', 'database']

/** A managed site out of an attached one, with the same content on test. */
async function takeOver(site: string, root: string): Promise<void> {
  const old = { site: `old-${site}`, environment: 'live' }
  await siteDesk(cairn.house).attach(old, { path: root }, cairn.actor)
  const { backup } = await cairn.result<{ backup: string }>(await cairn.journeys.backup(old, { elements: all }, cairn.actor))
  await cairn.result(await cairn.managedJourneys.createSite({ site, source: { kind: 'backup', backup } }, cairn.actor))
  await deploy(site, {})
}

async function deploy(site: string, asked: { updateDatabase?: boolean; clearCache?: boolean }): Promise<ManagedResult> {
  const place = { site, environment: 'test' }
  return cairn.result<ManagedResult>(await cairn.managedJourneys.deploy(place, asked, cairn.actor))
}

/** A push to dev, and what follows. */
async function push(site: string, change: (directory: string) => void | Promise<void>): Promise<void> {
  const repository = repositoryPath(cairn.house, site)
  const directory = join(ground.directory, `work-${site}`)
  rmSync(directory, { recursive: true, force: true })
  userGit(ground.directory, ['clone', '-q', repository, directory])
  await change(directory)
  userGit(directory, ['add', '-A'])
  userGit(directory, ['commit', '-q', '-m', 'a change'])
  userGit(directory, ['push', '-q', 'origin', 'master'])
  const started = await followMaster(cairn.house, cairn.queue, site, cairn.actor)
  if (started === null) throw new Error('dev shows it already')
  await cairn.result(started)
}

async function onTest(site: string): Promise<{ schema: string; database: DatabaseCredentials; url: string }> {
  const { managed, database, url } = await cairn.house.sites.find(site, 'test')
  return { schema: managed?.schema ?? '', database, url: url ?? '' }
}

const ask = (credentials: DatabaseCredentials, sql: string): Promise<Record<string, unknown>[]> =>
  withDatabase(credentials, (database) => database.query(sql))

async function schemas(): Promise<string[]> {
  const { mysql, names } = { ...(await cairn.house.managed.open()), names: cairn.house.managed.names }
  return (await mysql.listOwn(names.prefixes)).schemas
}

describe.runIf(isRoot)('WordPress', () => {
  const version = async (): Promise<number> => {
    const { database } = await onTest('shop')
    const [row] = await ask(database, "SELECT option_value AS version FROM wp_options WHERE option_name='db_version'")
    return Number(row?.['version'])
  }
  const transients = async (): Promise<number> => {
    const { database } = await onTest('shop')
    return (await ask(database, "SELECT 1 FROM wp_options WHERE option_name LIKE '%\\\\_transient\\\\_lab'")).length
  }
  const addTransients = async (): Promise<void> => {
    const { database } = await onTest('shop')
    const values = ['_transient_lab', '_site_transient_lab'].map((name) => `('${name}', 'x', 'yes')`).join()
    await withDatabase(database, (connection) =>
      connection.run(`REPLACE INTO wp_options (option_name, option_value, autoload) VALUES ${values}`),
    )
  }
  let before: number

  beforeAll(async () => {
    const directory = join(ground.directory, 'source')
    const made = await makeSite({
      version: '6.2',
      directory,
      mariadb: ground.mariadb,
      name: 'source',
      posts: 2,
      uploads: 1,
      light: true,
    })
    ground.later(() => made.php.stop())
    mkdirSync(join(made.root, 'wp-content/mu-plugins'), { recursive: true })
    writeFileSync(
      join(made.root, 'wp-content/mu-plugins/writer.php'),
      "<?php add_action('init', function () { if (isset($_GET['write'])) die(add_option('write_' . $_GET['write'], 'x') ? 'written' : ''); });",
    )
    await takeOver('shop', made.root)
    before = await version()
    await push('shop', async (code) => {
      const config = join(ground.directory, 'wp-config.php')
      cpSync(join(code, 'wp-config.php'), config)
      for (const name of readdirSync(code)) if (name !== '.git') rmSync(join(code, name), { recursive: true })
      const fresh = join(ground.directory, 'fresh')
      await unpackWordPress('6.5', fresh, true)
      cpSync(fresh, code, { recursive: true })
      cpSync(config, join(code, 'wp-config.php'))
    })
  })

  test('a deploy updates a copy of the database and empties its caches; an undo goes back to the one before', async () => {
    await addTransients()
    const { schema } = await onTest('shop')
    const visitor = writeUntilStopped((await onTest('shop')).url)
    await visitor.began
    const deployed = await deploy('shop', { updateDatabase: true, clearCache: true })
    const { written, refused } = await visitor.stop()
    expect(refused).toBeGreaterThan(0)
    const kept = await ask(
      (await onTest('shop')).database,
      "SELECT option_name FROM wp_options WHERE option_name LIKE 'write\\_%'",
    )
    expect(kept.map((row) => row['option_name'])).toEqual(expect.arrayContaining(written))
    expect(deployed.done.join('\n')).toMatch(/^updated: tables of .* updated from \d+ to \d+\nthe caches were emptied/m)
    expect(await version()).toBeGreaterThan(before)
    expect(await transients()).toBe(0)
    expect((await onTest('shop')).schema).not.toBe(schema)
    const { url } = await onTest('shop')
    expect((await visit(`${url}/`)).status).toBe(200)
    expect((await visit(`${url}/wp-admin/upgrade.php`)).text).toContain('already up to date')
    await cairn.result(await cairn.journeys.undo({ site: 'shop', environment: 'test' }, cairn.actor))
    expect([await version(), await transients(), (await onTest('shop')).schema]).toEqual([before, 2, schema])
  })

  test('an update that fails says so in its own words, and leaves the environment and nothing else', async () => {
    const secret = join(ground.directory, 'cairn/repository')
    const plugin = `<?php add_action('wp_upgrade', function () {
      file_put_contents(wp_upload_dir()['basedir'] . '/of-the-update.txt', 'x');
      throw new Exception('broken as ' . posix_getuid() . ', secrets ' . (@scandir('${secret}') ? 'open' : 'closed'));
    });
    add_action('init', function () {
      $fails = get_option('lab_fails');
      if ($fails === 'always' || ($fails === 'in a trial' && strpos(DB_HOST, '127.') !== 0)) throw new Exception('lab');
    });`
    await push('shop', (code) => {
      mkdirSync(join(code, 'wp-content/mu-plugins'), { recursive: true })
      writeFileSync(join(code, 'wp-content/mu-plugins/lab.php'), plugin)
    })
    const was = { ...(await onTest('shop')), schemas: await schemas() }
    const { uid } = (await cairn.house.sites.find('shop', 'test')).managed ?? { uid: 0 }
    await expect(deploy('shop', { updateDatabase: true })).rejects.toThrow(
      new RegExp(`UPDATE_FAILED.*Cannot update the database: .*broken as ${uid}, secrets closed`),
    )
    expect({ ...(await onTest('shop')), schemas: await schemas() }).toEqual(was)
    const { filesDirectory } = await cairn.house.sites.find('shop', 'test')
    expect(existsSync(join(filesDirectory, 'of-the-update.txt'))).toBe(false)
    expect(await version()).toBe(before)
    expect((await visit(`${was.url}/`)).status).toBe(200)
  })

  test('caches alone are emptied where they are', async () => {
    const { schema } = await onTest('shop')
    expect(await transients()).toBe(2)
    const deployed = await deploy('shop', { clearCache: true })
    expect(deployed.done).toContain('the caches were emptied')
    expect([await transients(), (await onTest('shop')).schema, await version()]).toEqual([0, schema, before])
    for (const way of ['back', 'forward']) {
      await addTransients() // by the code that is left now
      await cairn.result(await cairn.journeys.undo({ site: 'shop', environment: 'test' }, cairn.actor))
      expect([way, await transients(), (await onTest('shop')).schema]).toEqual([way, 0, schema])
    }
  })

  test('a release that fails is taken where its visitors see the one before fail, not where that fails in a trial alone', async () => {
    const { database } = await onTest('shop')
    const fail = (when: string): Promise<unknown> =>
      withDatabase(database, (connection) =>
        connection.run(`REPLACE INTO wp_options (option_name, option_value) VALUES ('lab_fails', '${when}')`),
      )
    await fail('in a trial')
    await expect(deploy('shop', {})).rejects.toThrow('VERIFY_FAILED')
    await fail('always')
    const { url, database: same } = await onTest('shop')
    expect((await visit(`${url}/`)).status).toBe(500)
    const started = await cairn.managedJourneys.deploy({ site: 'shop', environment: 'test' }, {}, cairn.actor)
    expect(await cairn.warningsOf(started)).toContain('RELEASE_BROKEN')
    expect((await onTest('shop')).database.user).not.toBe(same.user)
    const now = (await onTest('shop')).database
    await withDatabase(now, (connection) => connection.run("DELETE FROM wp_options WHERE option_name='lab_fails'"))
  })
})

test.runIf(isRoot)('visitors who were held off by a workflow that is gone come in again at the next start', async () => {
  const place = placeOf(await cairn.house.sites.find('shop', 'test'))
  const { url } = await onTest('shop')
  beginHold(place, 'gone', Date.now())
  expect((await visit(`${url}/`)).status).toBe(503)
  await cairn.recover()
  expect((await visit(`${url}/`)).status).toBe(200)
})

describe.runIf(given.length > 0).each(given)('real $kind', ({ kind, checkout }) => {
  test('its updates are run to their end on a copy, and one that fails changes nothing', async () => {
    const directory = join(ground.directory, kind)
    mkdirSync(directory)
    const source = await installDrupal({ kind, checkout, directory, mariadb: ground.mariadb, name: kind })
    const site = `my-${kind}`
    await takeOver(site, source.codeRoot)
    if (kind === 'drupal10') return expectDrush(site)
    const lab = kind === 'backdrop' ? 'modules/lab' : 'sites/all/modules/lab'
    const install = (more: string): string => `<?php
function lab_update_${kind === 'backdrop' ? 1 : 7}001(&$sandbox) {
  $sandbox['passes'] = isset($sandbox['passes']) ? $sandbox['passes'] + 1 : 1;
  db_query("INSERT INTO {lab} (pass) VALUES (" . $sandbox['passes'] . ")");
  $sandbox['#finished'] = $sandbox['passes'] / 3;
}
${more}`
    const write = (code: string, text: string): void => {
      mkdirSync(join(code, lab), { recursive: true })
      const core = kind === 'backdrop' ? 'type = module\nbackdrop = 1.x' : 'core = 7.x'
      writeFileSync(join(code, lab, 'lab.info'), `name = Lab\n${core}\n`)
      writeFileSync(join(code, lab, 'lab.module'), '<?php\n')
      writeFileSync(join(code, lab, 'lab.install'), text)
    }
    const { database, schema } = await onTest(site)
    const columns = '(filename, name, type, status, bootstrap, schema_version, weight, info)'
    const row = `('${lab}/lab.module', 'lab', 'module', 1, 0, ${kind === 'backdrop' ? 1000 : 7000}, 0, '')`
    await withDatabase(database, async (connection) => {
      await connection.run('CREATE TABLE lab (pass int)')
      await connection.run(`INSERT INTO system ${columns} VALUES ${row}`)
      await connection.run(`INSERT INTO cache_bootstrap (cid, data, expire, created, serialized) VALUES ('lab', 'x', 0, 0, 0)`)
    })
    const passes = async (): Promise<number> => (await ask((await onTest(site)).database, 'SELECT pass FROM lab')).length

    const name = `lab_update_${kind === 'backdrop' ? 1 : 7}002`
    await push(site, (code) => write(code, install(`function ${name}() { throw new Exception('no good'); }`)))
    await expect(deploy(site, { updateDatabase: true })).rejects.toThrow(new RegExp(`UPDATE_FAILED.*${name}: Exception: no good`))
    expect([await passes(), (await onTest(site)).schema]).toEqual([0, schema])

    await push(site, (code) => write(code, install('')))
    const deployed = await deploy(site, { updateDatabase: true })
    expect(deployed.done.join()).toContain(`updated: lab_update_${kind === 'backdrop' ? 1 : 7}001`)
    expect(await passes()).toBe(3)
    const now = await onTest(site)
    expect(now.schema).not.toBe(schema)
    expect(await ask(now.database, "SELECT cid FROM cache_bootstrap WHERE cid='lab'")).toEqual([])
    expect((await visit(`${now.url}/`)).status).toBe(200)

    await withDatabase(now.database, (connection) =>
      connection.run(`INSERT INTO cache_bootstrap (cid, data, expire, created, serialized) VALUES ('lab', 'x', 0, 0, 0)`),
    )
    expect((await deploy(site, { clearCache: true })).done).toContain('the caches were emptied')
    const after = await onTest(site)
    expect(after.schema).toBe(now.schema)
    expect(await ask(after.database, "SELECT cid FROM cache_bootstrap WHERE cid='lab'")).toEqual([])
    expect((await visit(`${after.url}/`)).status).toBe(200)
  }, 1_200_000)
})

/** A visitor who writes all the time: what was acknowledged, and how often a 503 came instead. */
function writeUntilStopped(url: string) {
  const written: string[] = []
  let refused = 0
  let isStopped = false
  const began = Promise.withResolvers<void>()
  const work = async (): Promise<void> => {
    for (let count = 1; !isStopped; count += 1) {
      const { status, text } = await visit(`${url}/?write=${count}`)
      if (text === 'written') written.push(`write_${count}`)
      if (status === 503) refused += 1
      if (written.length === 3) began.resolve()
    }
  }
  const working = work()
  working.catch(began.reject)
  return {
    began: began.promise,
    async stop() {
      isStopped = true
      await working
      return { written, refused }
    },
  }
}

/** Without drush it is refused before anything begins; caches go by their bins. */
async function expectDrush(site: string): Promise<void> {
  await expect(deploy(site, { updateDatabase: true })).rejects.toMatchObject({ code: 'PREFLIGHT_REFUSED' })
  const { database, url } = await onTest(site)
  expect((await visit(`${url}/user/login`)).status).toBe(200)
  expect((await ask(database, 'SELECT cid FROM cache_render')).length).toBeGreaterThan(0)
  expect((await deploy(site, { clearCache: true })).done.join()).toMatch(/cache bins were emptied|rebuilt by drush/)
  expect((await visit(`${url}/user/login`)).status).toBe(200)

  // drush as far as it is asked for: told what to do, it does it by the site's own settings
  await push(site, (code) => {
    mkdirSync(join(code, 'vendor/bin'), { recursive: true })
    writeFileSync(
      join(code, 'vendor/bin/drush'),
      `#!/usr/bin/env php
<?php
if ($argv[1] !== 'updatedb' || !in_array('--yes', $argv, true)) exit(9);
$db = json_decode($_SERVER['PRESSFLOW_SETTINGS'], true)['databases']['default']['default'];
$link = new PDO("mysql:host={$db['host']};dbname={$db['database']}", $db['username'], $db['password']);
$link->exec('CREATE TABLE lab (who int)');
$link->exec('INSERT INTO lab VALUES (' . posix_getuid() . ')');
`,
    )
  })
  expect((await deploy(site, { updateDatabase: true })).done.join()).toContain('updated by drush')
  const { managed } = await cairn.house.sites.find(site, 'test')
  expect(await ask((await onTest(site)).database, 'SELECT who FROM lab')).toEqual([{ who: managed?.uid }])
}
