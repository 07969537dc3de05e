// What a restore changes and what it leaves alone, through the command line, on sites that are small but whole.
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import type { EnvironmentView, RestorePlan } from '../../src/contract/schemas.ts'
import { chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { makeSmallSite, type SmallSite } from '../load/smallSite.ts'
import { type Ground, openGround } from './ground.ts'
import { type Answer, type House, startHouse } from './house.ts'
import { differences, type Photograph, photographDatabase, photographTree } from './photograph.ts'
import { succeeds } from './round.ts'

const isRoot = process.getuid?.() === 0
let ground: Ground
let house: House
let site: SmallSite

beforeAll(async () => {
  ground = await openGround()
  const [started, made] = await Promise.all([startHouse({ directory: ground.directory }), smallSite('parts')])
  house = started
  site = made
  ground.later(() => house.stop())
  await attachAndBackUp('parts.dev', site.directory)
})

afterAll(() => ground?.close())

const at = (path: string, of = site): string => join(of.directory, path)

/** 3: done, with warnings. These sites have a MyISAM table. */
const cairn = (...args: string[]): Promise<Answer> => succeeds(house.cairn(...args), [0, 3])

function smallSite(name: string): Promise<SmallSite> {
  return makeSmallSite(chanceOf(name.length), join(ground.directory, name, 'site'), ground.mariadb, name)
}

async function attachAndBackUp(name: string, directory: string, ...more: string[]): Promise<void> {
  await cairn('site:attach', name, '--path', directory, '--yes', ...more)
  await cairn('backup:create', name)
}

interface Three {
  code: Photograph
  files: Photograph
  database: Photograph
}

/** The three elements, each for itself: the uploads are files, all else of the tree is code. */
async function look(of = site, uploads = 'wp-content/uploads'): Promise<Three> {
  const tree = [...photographTree(of.directory)]
  const isFile = ([path]: [string, string]): boolean => `${path}/`.startsWith(`./${uploads}/`)
  const { database, mariadb } = of
  const password = /DB_PASSWORD', '(\w+)'/.exec(readFileSync(configOf(of), 'utf8'))?.[1] ?? ''
  const credentials = {
    host: 'localhost',
    port: null,
    socket: mariadb.socket,
    user: database,
    password,
    database,
    charset: 'utf8mb4',
  }
  return {
    code: new Map(tree.filter((line) => !isFile(line))),
    files: new Map(tree.filter(isFile)),
    database: await photographDatabase(credentials),
  }
}

function configOf(of: SmallSite): string {
  const own = at('wp-config.php', of)
  return existsSync(own) ? own : join(dirname(of.directory), 'wp-config.php')
}

function changed(before: Three, after: Three): Record<string, boolean> {
  return Object.fromEntries(
    (['code', 'files', 'database'] as const).map((part) => [part, differences(before[part], after[part]).length > 0]),
  )
}

async function damage(of = site): Promise<void> {
  appendFileSync(at('wp-load.php', of), '// broken')
  rmSync(at('wp-includes/part-7.php', of))
  writeFileSync(at('wp-includes/planted.php', of), '<?php')
  writeFileSync(at('wp-content/uploads/photo-3.jpg', of), 'broken')
  for (const name of ['photo-4.jpg', 'photo-5.jpg']) rmSync(at(`wp-content/uploads/${name}`, of))
  writeFileSync(at('wp-content/uploads/planted.php', of), '<?php')
  await of.mariadb.admin('DELETE FROM wp_posts WHERE ID > 100; DROP TABLE wp_old; CREATE TABLE wp_planted (id int)', of.database)
}

test('one element is restored and the two others stay as they are, to the byte and the microsecond', async () => {
  const original = await look()
  await damage()
  let before = await look()
  expect(changed(original, before)).toEqual({ code: true, files: true, database: true })
  for (const element of ['files', 'code', 'database'] as const) {
    await cairn('backup:restore', 'parts.dev', `--element=${element}`, '--no-safety-backup', '--yes')
    const after = await look()
    expect(changed(before, after)).toEqual({ code: false, files: false, database: false, [element]: true })
    expect(differences(original[element], after[element]), `${element} is back`).toEqual([])
    before = after
  }
})

test('a dry run changes nothing, and what it counts is what the restore then does', async () => {
  await damage()
  const before = await look()
  const files = filesOf(before)
  const plan = (await cairn('backup:restore', 'parts.dev', '--dry-run', '--format=json')).json<RestorePlan>()
  expect(changed(before, await look())).toEqual({ code: false, files: false, database: false })
  await cairn('backup:restore', 'parts.dev', '--no-safety-backup', '--yes')
  const after = await look()
  const done = filesOf(after)
  for (const element of ['code', 'files'] as const) {
    const was = files[element]
    const is = done[element]
    const both = [...is.keys()].filter((path) => was.has(path))
    const { added, changed: rewritten, removed, unchanged } = plan[element] ?? {}
    expect({ element, added, rewritten, removed }).toEqual({
      element,
      added: [...is.keys()].filter((path) => !was.has(path)).length,
      rewritten: both.filter((path) => was.get(path) !== is.get(path)).length,
      removed: [...was.keys()].filter((path) => !is.has(path)).length,
    })
    expect(unchanged).toBeGreaterThan(10)
  }
  const tables = [...after.database.keys()].filter((name) => name.startsWith('base table'))
  expect(plan.database).toMatchObject({ tables: tables.length, tablesRemoved: ['wp_planted'] })
  const counted = await site.mariadb.admin(
    tables.map((name) => `SELECT COUNT(*) FROM \`${name.slice('base table '.length)}\``).join(';'),
    site.database,
  )
  expect(plan.database?.rows).toBe(
    counted
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0),
  )
})

/** Content of files alone: a dry run counts files, and an entry that gets its time back is no changed file. */
function filesOf({ code, files }: Three): Record<'code' | 'files', Map<string, string>> {
  const pick = (photograph: Photograph): Map<string, string> =>
    new Map(
      [...photograph].filter(([, line]) => line.startsWith('file ')).map(([path, line]) => [path, line.split('µs ')[1] ?? '']),
    )
  return { code: pick(code), files: pick(files) }
}

test('configuration is left alone where present and reported, restored with --with-config, and restored where missing', async () => {
  const config = at('wp-config.php')
  const original = readFileSync(config, 'utf8')
  writeFileSync(config, `${original}// the environment's own line\n`)
  writeFileSync(at('wp-load.php'), '<?php // broken')
  const plan = await cairn('backup:restore', 'parts.dev', '--element=code', '--dry-run')
  expect(plan.stderr).toContain('"wp-config.php" differs from the backup and is left as it is')
  const restore = await cairn('backup:restore', 'parts.dev', '--element=code', '--no-safety-backup', '--yes')
  expect(restore.stderr).toContain('"wp-config.php" differs from the backup and is left as it is; --with-config restores it')
  expect(readFileSync(config, 'utf8')).toContain("the environment's own line")
  expect(readFileSync(at('wp-load.php'), 'utf8')).toBe('<?php\n')
  await cairn('backup:restore', 'parts.dev', '--element=code', '--with-config', '--no-safety-backup', '--yes')
  expect(readFileSync(config, 'utf8')).toBe(original)
  rmSync(config)
  await cairn('backup:restore', 'parts.dev', '--element=code', '--no-safety-backup', '--yes')
  expect(readFileSync(config, 'utf8')).toBe(original)
})

test('--with-config is refused, before anything changes, where its credentials do not work any more', async () => {
  const config = at('wp-config.php')
  const original = readFileSync(config, 'utf8')
  const password = /DB_PASSWORD', '(\w+)'/.exec(original)?.[1] ?? ''
  await site.mariadb.admin(`ALTER USER 'parts'@'localhost' IDENTIFIED BY 'renewed'`)
  writeFileSync(config, original.replace(password, 'renewed'))
  await cairn('site:attach', 'parts.test', '--path', site.directory, '--yes')
  const before = await look()
  const answer = await house.cairn(
    'backup:restore',
    'parts.dev',
    '--element=code',
    '--with-config',
    '--no-safety-backup',
    '--yes',
  )
  expect([answer.code, answer.stderr]).toEqual([2, expect.stringContaining('Cannot restore the configuration: ')])
  expect(answer.stderr).not.toContain(password)
  expect(changed(before, await look())).toEqual({ code: false, files: false, database: false })
  await site.mariadb.admin(`ALTER USER 'parts'@'localhost' IDENTIFIED BY '${password}'`)
  writeFileSync(config, original)
})

test('live is restored only under its typed name, and the warning says what is at stake', async () => {
  await cairn('site:attach', 'parts.live', '--path', site.directory, '--yes')
  await cairn('backup:create', 'parts.live', '--element=files')
  await damage()
  const before = await look()
  for (const [flags, says] of [
    [[], 'nobody is there to ask'],
    [['--yes'], '--yes --confirm=parts.live'],
    [['--yes', '--confirm=parts.dev'], '--confirm says "parts.dev"'],
  ] as const) {
    const answer = await house.cairn('backup:restore', 'parts.live', '--no-safety-backup', ...flags)
    expect([answer.code, answer.stderr]).toEqual([6, expect.stringContaining(says)])
    expect(answer.stderr).toContain('This is destructive: it wipes files of parts.live')
    expect(answer.stderr).toMatch(/Restore to (dev|test) first \(--to-env=\1\)/)
  }
  expect(changed(before, await look())).toEqual({ code: false, files: false, database: false })
  await cairn('backup:restore', 'parts.live', '--no-safety-backup', '--yes', '--confirm=parts.live')
  expect(changed(before, await look())).toEqual({ code: false, files: true, database: false })
})

test('wp-config.php one above the code root, and a wp-content and uploads that were moved, come back too', async () => {
  const moved = await smallSite('moved')
  renameSync(at('wp-content', moved), at('content', moved))
  mkdirSync(at('media', moved))
  if (isRoot) chownSync(at('media', moved), 33, 33)
  renameSync(at('content/uploads', moved), at('media/all', moved))
  const config = join(dirname(moved.directory), 'wp-config.php')
  const places = `define( 'WP_CONTENT_DIR', __DIR__ . '/site/content' );\ndefine( 'UPLOADS', 'media/all' );\n`
  writeFileSync(config, readFileSync(at('wp-config.php', moved), 'utf8').replace('<?php\n', `<?php\n${places}`), { mode: 0o640 })
  rmSync(at('wp-config.php', moved))
  await attachAndBackUp('moved.dev', moved.directory)
  const info = (await cairn('env:info', 'moved.dev', '--format=json')).json<{
    filesDirectory: string
    contentDirectory: string
  }>()
  expect(info).toMatchObject({ filesDirectory: at('media/all', moved) })
  const original = await look(moved, 'media/all')
  expect(original.files.size).toBeGreaterThan(12)

  appendFileSync(at('wp-load.php', moved), '// broken')
  rmSync(at('content/plugins', moved), { recursive: true })
  rmSync(at('media', moved), { recursive: true })
  await cairn('backup:restore', 'moved.dev', '--no-safety-backup', '--yes')
  const after = await look(moved, 'media/all')
  for (const part of ['code', 'files', 'database'] as const) expect(differences(original[part], after[part]), part).toEqual([])

  const { mode } = statSync(config)
  const text = readFileSync(config, 'utf8')
  writeFileSync(config, `${text}// changed\n`)
  await cairn('backup:restore', 'moved.dev', '--element=code', '--no-safety-backup', '--yes')
  expect(readFileSync(config, 'utf8')).toContain('// changed')
  rmSync(config)
  await cairn('backup:restore', 'moved.dev', '--element=code', '--no-safety-backup', '--yes')
  expect([readFileSync(config, 'utf8'), statSync(config).mode]).toEqual([text, mode])
})

test('a site that has moved is attached again where it is, and one that was forgotten and attached anew takes its backups', async () => {
  const old = await smallSite('wanders')
  await attachAndBackUp('wanders.dev', old.directory)
  const original = await look(old)
  const away = join(dirname(old.directory), 'elsewhere')
  renameSync(old.directory, away)
  const lost = await house.cairn('backup:create', 'wanders.dev')
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('ENVIRONMENT_UNREACHABLE')])
  expect(lost.stderr).toContain('--again')
  const twice = await house.cairn('site:attach', 'wanders.dev', '--path', away, '--yes')
  expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('--again')])
  await cairn('site:attach', 'wanders.dev', '--path', away, '--yes', '--again')
  const here = { ...old, directory: away }
  await damage(here)
  await cairn('backup:restore', 'wanders.dev', '--no-safety-backup', '--yes')
  const after = await look(here)
  for (const part of ['code', 'files', 'database'] as const) expect(differences(original[part], after[part]), part).toEqual([])

  const { directory } = await smallSite('forgotten')
  await attachAndBackUp('forgotten.dev', directory)
  expect((await house.cairn('site:detach', 'forgotten.dev', '--yes')).code).toBe(6)
  await cairn('site:detach', 'forgotten.dev', '--yes', '--confirm=forgotten.dev')
  expect((await house.cairn('env:info', 'forgotten.dev')).code).toBe(4)
  await cairn('site:attach', 'forgotten.dev', '--path', directory, '--yes')
  await cairn('backup:restore', 'forgotten.dev', '--element=files', '--no-safety-backup', '--yes')
})

test('a site is detached with its undo sets, which are named before and gone after, although the server is killed meanwhile', async () => {
  await cairn('backup:restore', 'wanders.dev', '--element=files', '--no-safety-backup', '--yes')
  const kept = await house.cairn('site:detach', 'wanders.dev', '--yes', '--confirm=wanders.dev')
  expect([kept.code, kept.stderr]).toEqual([2, expect.stringContaining('what its last restore replaced is kept until')])
  expect(kept.stderr).toContain('cairn site:detach wanders.dev --drop-undo')

  const directory = join(ground.directory, 'wanders')
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
  const aside = async (): Promise<string[]> => [
    ...lines((await runChild('find', [directory, '-name', '.cairn-*'])).stdout),
    ...lines(await site.mariadb.admin(`SHOW TABLES LIKE '\\_cairn%'`, 'wanders')),
  ]
  const plans = (): number => readdirSync(join(house.data, 'applies')).length
  const plansBefore = plans()
  expect((await aside()).length).toBeGreaterThan(6)
  const { undoSets } = (await house.api<EnvironmentView>('GET', '/v1/sites/wanders/environments/dev')).body
  expect(undoSets.length).toBe(2)
  const refused = await house.cairn('site:detach', 'wanders.dev', '--drop-undo', '--yes')
  expect(refused.code).toBe(6)
  for (const { backup, restoredAt } of undoSets)
    expect(refused.stderr).toContain(`the restore of ${restoredAt} (backup ${backup})`)

  const asked = await cairn('site:detach', 'wanders.dev', '--drop-undo', '--yes', '--confirm=wanders.dev', '--no-wait')
  await house.kill()
  await house.start()
  await cairn('workflow:wait', asked.stdout.trim())
  expect((await house.cairn('env:info', 'wanders.dev')).code).toBe(4)
  expect([await aside(), plans()]).toEqual([[], plansBefore - 1])
  const audit = (await cairn('audit:list', '--format=json', '--action=site.detach')).json<{ details: object }[]>()
  expect(audit[0]).toMatchObject({ details: { dropUndo: true } })
})

test('a backup without the uploads that were there before says so', async () => {
  const { directory } = await smallSite('robbed')
  await attachAndBackUp('robbed.dev', directory)
  renameSync(join(directory, 'wp-content/uploads'), join(directory, '../gone'))
  const answer = await house.cairn('backup:create', 'robbed.dev', '--element=files')
  expect([answer.code, answer.stderr]).toEqual([3, expect.stringMatching(/uploads" is not there any more: this backup has none/)])
})
