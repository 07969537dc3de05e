// Drupal and Backdrop, attached: small ones of our own shape always, real ones where they are given.
import { appendFileSync, chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import { holdRequests, letRequestsIn } from '../../src/releases/hold.ts'
import { quietRun } from '../../src/base/run.ts'
import { type DrupalKind, type DrupalShape, makeDrupal } from '../servers/drupalShape.ts'
import { startPhp } from '../servers/php.ts'
import { isSoak } from '../soak.ts'
import { type Ground, openGround } from './ground.ts'
import { type House, startHouse } from './house.ts'
import { differences, type Photograph, photographDatabase, photographTree } from './photograph.ts'
import { succeeds } from './round.ts'

const isRoot = process.getuid?.() === 0
const page = `Sh"pe\nBy nobody {curly} [square] "quoted" / nobody\nGrüße 😀 / admin\nBy an editor / editor\nprivate report.pdf\n`

let ground: Ground
let houses: Record<'root' | 'owner', House>
beforeAll(async () => {
  ground = await openGround()
  const owned = join(ground.directory, 'owned')
  mkdirSync(owned)
  houses = {
    root: await startHouse({ directory: ground.directory }),
    owner: isRoot ? await startHouse({ directory: owned, account: { user: 'www-data', group: 'www-data' } }) : (null as never),
  }
  ground.later(() => houses.root.stop())
  if (isRoot) ground.later(() => houses.owner.stop())
})
afterAll(() => ground?.close())

interface Served {
  site: DrupalShape
  name: string
  url: string
  ask(path: string): Promise<{ status: number; text: string }>
}

async function serve(kind: DrupalKind, name: string, prefix = ''): Promise<Served> {
  const directory = join(ground.directory, name)
  const site = await makeDrupal({ kind, directory, mariadb: ground.mariadb, name, prefix })
  const php = await startPhp({ docroot: site.docroot, directory: join(directory, 'php'), kind: 'builtin', workers: 2 })
  ground.later(() => php.stop())
  const ask = async (path: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(php.url + path, { redirect: 'manual' })
    return { status: answer.status, text: await answer.text() }
  }
  return { site, name: `${name}.dev`, url: php.url, ask }
}

describe.runIf(isRoot).each<[DrupalKind, 'root' | 'owner', string]>([
  ['drupal7', 'root', 'd7_'],
  ['drupal10', 'owner', ''],
  ['backdrop', 'root', ''],
])('%s, restored as %s', (kind, as, prefix) => {
  let served: Served
  let house: House
  beforeAll(async () => {
    served = await serve(kind, kind, prefix)
    house = houses[as]
    await succeeds(house.cairn('site:attach', served.name, '--path', served.site.codeRoot, '--url', served.url, '--yes'))
  })

  test('boots, and damage to its tables shows once the caches are empty', async () => {
    const { ask } = served
    const front = await ask('/')
    expect(front).toMatchObject({ status: 200 })
    expect(front.text.startsWith(page)).toBe(true)
    expect(await ask('/user/login')).toMatchObject({ status: 200 })
  })

  test('comes back exactly: tables, files, private files, modes; the restore of one kind can be undone and done again', async () => {
    const { site, name, ask } = served
    const before = await photograph(site)
    const made = await succeeds(house.cairn('backup:create', name), [3])
    expect(made.stderr).toContain('"public://long-gone.jpg", and the file is not there')
    expect(made.stderr).not.toMatch(/private:\/\/|public:\/\/photo/)
    expect(differences(before, await photograph(site)), 'the backup changed the site').toEqual([])

    await damage(site)
    const damaged = await photograph(site)
    expect(differences(before, damaged).length).toBeGreaterThan(15)
    expect((await ask('/')).status).toBe(500)

    const restoring = succeeds(house.cairn('backup:restore', name, '--yes'), [0, 3])
    const seen = await statusesDuring(restoring, ask)
    const { stderr } = await restoring
    const settings = relativeName(site, site.settings)
    // configuration belongs to the environment: the salt that was changed meanwhile stays, and is told
    const wanted = new Map([...before, [settings, damaged.get(settings) ?? '']])
    expect(differences(wanted, await photograph(site)), 'the restore is not what was backed up').toEqual([])
    expect(stderr).toContain(`settings.php" differs from the backup and is left as it is`)
    const caches = await rowsOf(
      site,
      cachesOf(site).filter((table) => !table.endsWith('cache_container')), // which a visitor has built anew
    )
    expect(caches, 'no cache of the state before hides what came').toEqual(caches.map(() => '0'))
    if (kind === 'drupal10') expect(existsSync(join(site.files, 'php/twig/page_AbC')), 'compiled before').toBe(false)
    expect((await ask('/')).text.startsWith(page)).toBe(true)
    expect((await ask('/user/login')).status).toBe(200)
    // the damaged site, then nobody, then the restored one
    if (kind === 'drupal7') expect(stderr).toContain('"sites/sites.php" is itself restored')
    else expect(seen).toEqual([500, 503, 200])

    if (kind !== 'drupal7' && !isSoak) return
    await succeeds(house.cairn('env:undo', name, '--yes'), [0, 3])
    expect(differences(damaged, await photograph(site)), 'the undo is not what was before').toEqual([])
    expect((await ask('/')).status).toBe(500)
    await succeeds(house.cairn('env:undo', name, '--yes'), [0, 3])
    expect((await ask('/')).text.startsWith(page)).toBe(true)
  })

  test('its archives hold private files, and caches as empty tables', async () => {
    const { site, name } = served
    const target = join(ground.directory, `${kind}-archives`)
    mkdirSync(target, { mode: 0o777 })
    chmodSync(target, 0o777)
    const get = async (element: string, file: string): Promise<string> => {
      const to = join(target, file)
      await succeeds(house.cairn('backup:get', name, '--element', element, '--to', to))
      return to
    }
    const { stdout: names } = await runChild('tar', ['tzf', await get('files', 'files.tar.gz')])
    const files = names.trim().split('\n')
    expect(files).toContain('files_dev/private/deep/er/letter.txt')
    expect(files).toContain('files_dev/photo.jpg')
    expect(files).toContain('files_dev/.htaccess')
    expect(files.filter((path) => /^files_dev\/(css|js|styles|php|private\/backup_migrate)/.test(path))).toEqual([])
    const { stdout: code } = await runChild('tar', ['tzf', await get('code', 'code.tar.gz')])
    expect(code.split('\n').filter((path) => path.includes('/files/') || path.includes('report.pdf'))).toEqual([])
    const { stdout: dump } = await runChild('zcat', [await get('database', 'database.sql.gz')])
    for (const table of cachesOf(site)) {
      expect(dump).toContain(`CREATE TABLE \`${table}\``)
      expect(dump).not.toContain(`INSERT INTO \`${table}\``)
    }
    for (const table of ['cache_profiles', 'watchdog', 'queue', 'history', 'sessions', 'semaphore', 'flood', 'users'])
      expect(dump).toContain(`INSERT INTO \`${site.prefix}${table}\``)
  })

  test('requests are held by a file of ours, and the site own one comes back as it was', async () => {
    const { site, ask } = served
    const environment = { framework: kind === 'drupal10' ? 'drupal8' : kind, coreDirectory: site.docroot } as const
    const run = quietRun()
    if (!existsSync(join(site.docroot, 'sites'))) throw new Error('no directory "sites"')
    const before = photographTree(site.codeRoot)
    await holdRequests(environment, null, run)
    expect(await ask('/')).toMatchObject({ status: 503, text: expect.stringContaining('being updated') })
    expect((await ask('/user/login')).status).toBe(503)
    await holdRequests(environment, null, run)
    await letRequestsIn(environment)
    await letRequestsIn(environment)
    expect(differences(before, photographTree(site.codeRoot))).toEqual([])
    expect((await ask('/')).status).toBe(200)
    expect(run.warnings).toEqual([])
  })
})

async function damage({
  kind,
  docroot,
  codeRoot,
  settings,
  files,
  privateFiles,
  database,
  prefix: p,
}: DrupalShape): Promise<void> {
  chmodSync(settings, 0o644)
  appendFileSync(settings, kind === 'drupal7' ? "$drupal_hash_salt = 'another';\n" : "$settings['hash_salt'] = 'another';\n")
  chmodSync(settings, 0o444)
  rmSync(join(docroot, 'modules/m3'), { recursive: true })
  writeFileSync(join(docroot, 'modules/evil.php'), '<?php // planted')
  rmSync(join(privateFiles, 'deep'), { recursive: true })
  writeFileSync(join(privateFiles, 'report.pdf'), 'changed')
  writeFileSync(join(privateFiles, 'planted'), 'x')
  rmSync(join(files, 'photo.jpg'))
  writeFileSync(join(files, 'shell.php'), '<?php')
  if (kind === 'drupal10') {
    chmodSync(join(docroot, 'sites/default'), 0o755)
    rmSync(join(docroot, 'sites/default/services.yml'))
    writeFileSync(join(docroot, 'sites/default/planted.php'), '<?php')
    chmodSync(join(docroot, 'sites/default'), 0o555)
  }
  if (kind === 'drupal7') writeFileSync(join(docroot, 'sites/sites.php'), '<?php // planted')
  if (kind === 'backdrop') rmSync(join(files, 'config_' + 'k3'.repeat(16), 'active/shape.settings.json'))
  await runChild('chown', ['-hR', 'www-data:www-data', codeRoot, privateFiles])
  const connection = await connectDatabase(database)
  try {
    for (const sql of [
      `DROP TABLE ${p}router`,
      `DROP TABLE ${p}watchdog`,
      `DELETE FROM ${p}key_value`,
      `UPDATE ${p}users SET uid = 2 WHERE uid = 0`,
      `UPDATE ${p}node SET title = 'defaced' WHERE nid = 1`,
      `DELETE FROM ${p}config WHERE name = 'System.Site'`,
      `CREATE TABLE ${p}made_lazily (id int PRIMARY KEY)`,
      `TRUNCATE TABLE ${p}cache_container`, // the others hide nothing here
    ])
      await connection.run(sql)
  } finally {
    await connection.close()
  }
}

/** The statuses of the login page, which leaves nothing behind, while something runs, and once after it; the same one after the other counts once. */
async function statusesDuring(running: Promise<unknown>, ask: Served['ask']): Promise<number[]> {
  const seen: number[] = []
  let isOver = false
  const over = running.finally(() => (isOver = true)).catch(() => {})
  for (let wasOver = false; !wasOver;) {
    wasOver = isOver
    const { status } = await ask('/user/login')
    if (seen.at(-1) !== status) seen.push(status)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await over
  return seen
}

function cachesOf({ kind, prefix }: Pick<DrupalShape, 'kind' | 'prefix'>): string[] {
  const names =
    kind === 'drupal10'
      ? ['cache_bootstrap', 'cache_container', 'cache_render', 'cachetags']
      : ['cache', 'cache_bootstrap', 'cache_container']
  return names.map((name) => prefix + name)
}

/** Everything but what fills again by itself: rows of caches, and what was compiled. */
async function photograph(site: DrupalShape): Promise<Photograph> {
  const rowless = new Set(cachesOf(site).map((table) => `rows of ${table}`))
  const database = [...(await photographDatabase(site.database))].filter(([name]) => !rowless.has(name))
  const compiled = site.compiled.map((path) => relativeName(site, path))
  const tree = [...photographTree(site.codeRoot)].filter(
    ([name]) => !compiled.some((path) => name === path || name.startsWith(`${path}/`)),
  )
  const further = [...photographTree(site.privateFiles)].map(([name, line]) => [`private ${name}`, line] as const)
  return new Map([...tree, ...further, ...database])
}

function relativeName({ codeRoot }: DrupalShape, path: string): string {
  return `.${path.slice(codeRoot.length)}`
}

async function rowsOf({ database }: DrupalShape, tables: string[]): Promise<string[]> {
  const connection = await connectDatabase(database)
  try {
    const counts: string[] = []
    for (const table of tables) counts.push(String((await connection.query(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.['n']))
    return counts
  } finally {
    await connection.close()
  }
}
