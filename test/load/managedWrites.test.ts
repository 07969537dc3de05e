import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Static } from 'typebox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ManagedResult } from '../../src/contract/managedSchemas.ts'
import type { Started, WorkflowLog, WorkflowView } from '../../src/contract/workSchemas.ts'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import { type Ground, openGround } from '../e2e/ground.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress } from '../servers/wordpress.ts'
import { amount, isSoak } from '../soak.ts'
import { addMarks, download } from './accounting.ts'
import { type Cairn, prepareCairn, waitForEnd } from './cairn.ts'
import { askState } from './managed/leftovers.ts'
import { findCurrent } from './managed/lookAt.ts'
import { type ServedInEarnest, serveInEarnest } from './managed/serve.ts'
import { visit } from './managed/talk.ts'
import { misfits, startWatch, type Switch } from './managed/watch.ts'
import { startWriters, type Writers } from './writers.ts'

// A managed WordPress under constant writes, through nginx and PHP-FPM as Cairn prints them, while live is changed on the safe path.

const cycles = amount({ few: 1, many: 8 })
/** Its service in /run is nobody else's */
const site = `busy${process.pid}`
const at = (environment: string): string => `/v1/sites/${site}/environments/${environment}`
let ground: Ground
let cairn: Cairn
let served: ServedInEarnest
let url: string

/** Tells what a page is made of: code by its real path, configuration, database, files. */
const teller = `<?php
add_action('init', function () {
    if (!isset($_GET['marks'])) { return; }
    header('Content-Type: application/json');
    preg_match('~/releases/0*(\\d+)/~', __FILE__, $found);
    echo json_encode(['code' => (int) ($found[1] ?? 0), 'release' => (int) getenv('PANTHEON_DEPLOYMENT_IDENTIFIER'),
        'database' => get_option('lab_mark'), 'files' => file_get_contents(wp_get_upload_dir()['basedir'] . '/mark.txt')]);
    exit;
}, 0);
`

beforeAll(async () => {
  ground = await openGround()
  const { mariadb, directory } = ground
  await mariadb.admin(
    "CREATE USER 'keeper'@'127.0.0.1' IDENTIFIED BY 'keeping'; GRANT ALL ON *.* TO 'keeper'@'127.0.0.1' WITH GRANT OPTION",
  )
  const source = { version: '6.5', directory: join(directory, 'source'), mariadb, database: 'source' } as const
  const wordpress = await installWordPress({ ...source, url: 'http://source.example.org', posts: 40, uploads: 12, light: true })
  mkdirSync(join(wordpress.directory, 'wp-content/mu-plugins'))
  writeFileSync(join(wordpress.directory, 'wp-content/mu-plugins/teller.php'), teller)
  writeFileSync(join(wordpress.uploads, 'mark.txt'), 'files 0')
  await mariadb.admin("INSERT INTO wp_options (option_name, option_value) VALUES ('lab_mark', 'database 0')", 'source')
  cairn = await prepareCairn(join(directory, 'data'), {
    CAIRN_GATEWAY_LISTEN: `127.0.0.1:${await freePort()}`,
    CAIRN_MYSQL_URL: `mysql://keeper:keeping@127.0.0.1:${mariadb.port}/`,
    CAIRN_RELEASES_KEPT: '999', // what they hold is counted in the end
    CAIRN_COMPRESSION: 'fast',
    CAIRN_UID_BASE: '37000000', // no other server's on this machine
  })
  await cairn.start()
  ground.later(() => cairn.stop())
  await cairn.client.post('/v1/sites/source/environments/live', { path: wordpress.directory })
  const backup = resultOf(await work('/v1/sites/source/environments/live/backups', { elements: all, keepForDays: 9 })).backup
  await work('/v1/sites', { site, source: { kind: 'backup', backup } })
  for (const name of ['test', 'live']) await work(`${at(name)}/deploy`, { confirm: `${site}.${name}` })
  url = `http://live-${site}.localhost:${cairn.env['CAIRN_GATEWAY_LISTEN']?.split(':')[1]}`
  served = await serveInEarnest({ directory: place('live'), site, environment: 'live', url, work: join(directory, 'served') })
  ground.later(() => served.stop())
})

afterAll(() => ground.close())

const all = ['code', 'files', 'database']

/** Two seconds are the goal. A machine with other tests on it takes what it takes (3.4 s were seen): there, only one that hangs fails. */
const maintenanceMaxMs = isSoak ? 2000 : 15_000

test('the safe path to live under constant writes: nothing but 200 outside of switches, no acknowledged write is lost', async () => {
  const first = findCurrent(place('live'))?.number ?? 0
  const common = { url, user: 'admin', password: 'adminpw', port: served.port }
  const writers = startWriters({ ...common, label: 'live', posting: 2, uploading: 2 })
  const watches = [100, isSoak ? 0 : 1000].map((everyMs) => startWatch(`${url}/?marks=1`, served.port, everyMs))
  const switches: Switch[] = []
  const safetyBackups: string[] = []
  const change = async (says: string, path: string, body: object): Promise<void> => {
    const ended = await work(path, says === 'undo' ? {} : { confirm: `${site}.live`, ...body })
    const step = ended.steps.find(({ name }) => name === 'switch')
    const result = ended.result as Partial<ManagedResult>
    switches.push({
      ...{ says, began: Date.parse(step?.startedAt ?? ''), ended: Date.parse(step?.finishedAt ?? '') },
      ...{ release: findCurrent(place('live'))?.number ?? 0, maintenanceMs: result.maintenanceMs ?? null },
    })
    const { lines } = await cairn.client.get<Static<typeof WorkflowLog>>(`/v1/workflows/${ended.id}/log`)
    console.log(says, lines.find(({ message }) => message.includes('answered 503'))?.message ?? 'switched nothing')
    if (typeof result.safetyBackup === 'string') safetyBackups.push(result.safetyBackup)
    await writers.more(10)
  }
  try {
    await writers.more(10)
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const { backup } = resultOf(await work(`${at('live')}/backups`, { elements: all, keepForDays: 9 }))
      await work(`${at('test')}/restore`, { backup, elements: all, safetyBackup: false })
      await markTest(cycle)
      await change('deploy', `${at('live')}/deploy`, { note: 'the safe path' })
      await change('clone', `${at('live')}/clone`, { from: 'test', elements: ['files', 'database'] })
      await change('undo', `${at('live')}/undo`, {})
      await change('restore', `${at('live')}/restore`, { backup, elements: all, safetyBackup: true })
    }
  } finally {
    await Promise.all([writers.stop(), ...watches.map((watch) => watch.stop())])
  }
  const seen = watches.flatMap((watch) => watch.seen)
  const lengths = switches.map(
    ({ says, began, ended, maintenanceMs }) => `${says} ${maintenanceMs ?? `at most ${ended - began}`} ms`,
  )
  const counts = `${seen.length} pages, ${seen.filter(({ status }) => status === 503).length} of them 503`
  console.log(`switches: ${lengths.join(', ')}; ${counts}; refused writes`, Object.fromEntries(writers.refused))
  expect(misfits(seen, first, switches)).toEqual([])
  expect([...writers.refused.keys()].filter((words) => words !== 'HTTP 503')).toEqual([])
  expect(await lost(writers, safetyBackups)).toEqual([])
  const sorted = switches.flatMap(({ maintenanceMs }) => maintenanceMs ?? []).sort((a, b) => a - b)
  expect(sorted[Math.floor(sorted.length / 2)], lengths.join()).toBeLessThanOrEqual(maintenanceMaxMs)
})

test('links that a site puts among its uploads show nobody what is behind them, in no archive either', async () => {
  const live = findCurrent(place('live'))
  if (live === null) throw new Error('live has no release')
  const { uid } = lstatSync(live.files)
  const secrets = {
    key: join(cairn.data, 'repository.key'),
    token: join(cairn.data, 'token'),
    told: join(place('dev'), 'current/environment.json'),
  }
  for (const [name, path] of Object.entries(secrets))
    execFileSync('setpriv', [
      '--reuid',
      String(uid),
      '--regid',
      String(uid),
      '--clear-groups',
      'ln',
      '-s',
      path,
      join(live.files, name),
    ])
  const shown = Object.keys(secrets).flatMap((name) =>
    [served.port, undefined].map((port) => visit(`${url}/wp-content/uploads/${name}`, port)),
  )
  const words = Object.values(secrets).map((path) => readFileSync(path, 'latin1').trim().slice(0, 40))
  for (const { text } of await Promise.all(shown)) for (const word of words) expect(text).not.toContain(word)
  const { backup } = resultOf(await work(`${at('live')}/backups`, { elements: ['files'], keepForDays: 9 }))
  const archive = await download(cairn.client, backup, 'files')
  for (const word of words) expect(archive).not.toContain(word)
  expect(archive).toContain(secrets.key) // where it leads is kept, as of any link
})

/** Content that only test has: live must show it once it was cloned. */
async function markTest(cycle: number): Promise<void> {
  const release = findCurrent(place('test'))
  if (release === null) throw new Error('test has no release')
  writeFileSync(join(release.files, 'mark.txt'), `files ${cycle}`)
  const database = await connectDatabase(release.database)
  await database.run(`UPDATE wp_options SET option_value='database ${cycle}' WHERE option_name='lab_mark'`)
  await database.close()
}

/** Acknowledged writes whose row, or whose file, is in no release of live, fenced ones too, and in no safety backup. */
async function lost({ acknowledged }: Writers, safetyBackups: string[]): Promise<string[]> {
  const rows = { now: new Set<string>(), kept: new Set<string>(), safety: new Set<string>() }
  const files = { now: new Set<string>(), kept: new Set<string>(), safety: new Set<string>() }
  const current = findCurrent(place('live'))
  const { releases } = await askState(cairn.data)
  const own = releases.filter((release) => release.site === site && release.environment === 'live')
  for (const schema of new Set(own.map((release) => release.schema))) {
    const titles = await ground.mariadb.admin(`SELECT post_title FROM \`${schema}\`.wp_posts`)
    addMarks(schema === current?.database.database ? rows.now : rows.kept, titles)
  }
  for (const id of readdirSync(join(place('live'), 'files'))) {
    const tree = join(place('live'), 'files', id)
    const to = tree === current?.files ? files.now : files.kept
    for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.txt') && existsSync(join(tree, name))) addMarks(to, readFileSync(join(tree, name), 'latin1'))
  }
  for (const backup of safetyBackups) {
    addMarks(rows.safety, await download(cairn.client, backup, 'database'))
    addMarks(files.safety, await download(cairn.client, backup, 'files'))
  }
  const uploads = acknowledged.filter(({ kind }) => kind === 'upload')
  const result = { acknowledged: acknowledged.length, uploads: uploads.length, now: 0, kept: 0, safety: 0 }
  const missing: string[] = []
  for (const [what, marks, found] of [
    ['row', acknowledged, rows],
    ['file', uploads, files],
  ] as const) {
    for (const { mark } of marks) {
      const where = (['now', 'kept', 'safety'] as const).find((name) => found[name].has(mark))
      if (where === undefined) missing.push(`${what} of ${mark}`)
      else result[where]++
    }
  }
  console.log('writes', result, 'lost', missing.length)
  return missing
}

function place(environment: string): string {
  return join(cairn.data, 'sites', site, environment)
}

async function work(path: string, body: object): Promise<WorkflowView> {
  const { workflow } = await cairn.client.post<Started>(path, body)
  const ended = await waitForEnd(cairn.client, workflow.id, 300_000)
  expect(ended.state, JSON.stringify(ended)).toBe('succeeded')
  return ended
}

function resultOf({ result }: WorkflowView): { backup: string } {
  return result as { backup: string }
}
