// The archives of a real WordPress, as people open them; and what a further backup of the same site costs.
import { createHash } from 'node:crypto'
import { appendFileSync, lstatSync, mkdtempSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import { writeStatRecord, statRecordBytes } from '../../src/workflows/capture/statRecords.ts'
import { type Ground, openGround } from './ground.ts'
import { type House, startHouse } from './house.ts'
import { differences, photographDatabase } from './photograph.ts'
import { succeeds } from './round.ts'
import { makeSite, type Site } from './site.ts'
import { contentOf, isMissing, unpackers, unpackInto } from './unpack.ts'

interface Archive {
  element: string
  fileName: string
  sha256: string
  sizeBytes: number
}

let ground: Ground
let house: House
let site: Site
let downloads: string
let archives: Archive[]
const silent = 'wp-content/uploads/odd/large.bin'

beforeAll(async () => {
  ground = await openGround()
  downloads = mkdtempSync(join(ground.directory, 'downloads-'))
  const options = {
    version: '6.5',
    directory: join(ground.directory, 'archives'),
    mariadb: ground.mariadb,
    name: 'archives',
    light: true,
  } as const
  ;[house, site] = await Promise.all([startHouse({ directory: ground.directory }), makeSite(options)])
  ground.later(() => house.stop())
  ground.later(() => site.php.stop())
  utimesSync(join(site.root, silent), 1_600_000_000, 1_600_000_000)
  await succeeds(house.cairn('site:attach', 'shop.dev', '--path', site.root, '--yes'))
  await settled(join(site.root, silent))
  archives = await backUp()
  lookAtSite()
})

afterAll(() => ground?.close())

/** What changed less than two seconds before a backup is read again by the next one. */
async function settled(path: string): Promise<void> {
  while (Date.now() < statSync(path).ctimeMs + 2100) await sleep(100)
}

async function backUp(...more: string[]): Promise<Archive[]> {
  return (await succeeds(house.cairn('backup:create', 'shop.dev', '--format=json', ...more))).json<Archive[]>()
}

async function storedBytes(): Promise<number> {
  return Number((await succeeds(house.cairn('repository:stats', '--field=storedBytes'))).stdout)
}

function archive(element: string): Archive {
  const found = archives.find((each) => each.element === element)
  if (found === undefined) throw new Error(`the backup has no ${element}`)
  return found
}

test('each archive is saved under its name by backup:get, and by wget from the link that it prints', async () => {
  for (const { element, fileName, sha256, sizeBytes } of archives) {
    expect(fileName).toMatch(/^shop_dev_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_UTC_(code\.tar|files\.tar|database\.sql)\.gz$/)
    await succeeds(house.cairn('backup:get', 'shop.dev', `--element=${element}`, `--to=${downloads}/`))
    const saved = readFileSync(join(downloads, fileName))
    expect([createHash('sha256').update(saved).digest('hex'), saved.length]).toEqual([sha256, sizeBytes])
  }
  expect(readdirSync(downloads).toSorted()).toEqual(archives.map(({ fileName }) => fileName).toSorted())
  const link = (await succeeds(house.cairn('backup:get', 'shop.dev', '--element=files'))).stdout.trim()
  const folder = mkdtempSync(join(ground.directory, 'wget-'))
  await runChild('sh', ['-c', `cd ${folder} && wget -q ${link}`])
  expect(readdirSync(folder)).toEqual([archive('files').fileName])
  expect(
    (await runChild('cmp', [join(folder, archive('files').fileName), join(downloads, archive('files').fileName)])).stdout,
  ).toBe('')
})

/** What the archives of code and files shall hold. */
const wanted = { code: new Map<string, string>(), files: new Map<string, string>() }

function lookAtSite(): void {
  wanted.code = contentOf(site.root, (path) => path === 'wp-content/uploads')
  wanted.files.set('files_dev', 'directory')
  for (const [path, line] of contentOf(join(site.root, 'wp-content/uploads'))) wanted.files.set(`files_dev/${path}`, line)
}

test.each(unpackers)('$name opens the archives of code and files: every file is that of the site', async (unpacker) => {
  if (isMissing(unpacker)) return
  for (const element of ['code', 'files'] as const) {
    const to = join(ground.directory, unpacker.program, element)
    const found = await unpackInto(unpacker, join(downloads, archive(element).fileName), to)
    const [all, opened] = unpacker.keepsAll ? [wanted[element], found] : [filesOf(wanted[element]), filesOf(found)]
    expect(differences(all, opened).slice(0, 30)).toEqual([])
  }
})

/** Without links, which some leave out and others make empty files of, and without directories that may be empty. */
function filesOf(content: Map<string, string>): Map<string, string> {
  const links = ['hello-link.php', 'files_dev/odd/link', 'files_dev/odd/dangling', 'files_dev/odd/outside']
  return new Map([...content].filter(([path, line]) => line.startsWith('file ') && !links.includes(path)))
}

test('gunzip | mariadb gives every table, view, trigger, routine and event', async () => {
  const { socket } = ground.mariadb
  await ground.mariadb.admin('CREATE DATABASE copied CHARACTER SET utf8mb4')
  const load = `set -e; gunzip -c "$0" | mariadb --no-defaults --socket="$1" --user=root copied`
  await runChild('bash', ['-o', 'pipefail', '-c', load, join(downloads, archive('database').fileName), socket])
  const credentials = { ...site.wordpress.database, user: 'root', password: '' }
  const original = await photographDatabase(credentials)
  const copied = await photographDatabase({ ...credentials, database: 'copied' })
  for (const [name, line] of copied) copied.set(name, line.replaceAll('`copied`.', '').replaceAll('"copied.', '"archives.'))
  expect(differences(original, copied)).toEqual([])
  expect([...original.keys()].filter((name) => /^(view|trigger|routine|event) /.test(name))).toHaveLength(4)
})

test('a second backup of an unchanged site stores next to nothing, and its archives are the same to the byte', async () => {
  const before = await storedBytes()
  const again = await backUp()
  const added = (await storedBytes()) - before
  expect(added).toBeLessThan(before / 1000)
  for (const element of ['code', 'files']) {
    expect(again.find((each) => each.element === element)?.sha256).toBe(archive(element).sha256)
  }
})

test('where one file in a hundred and a few rows have changed, little is stored', async () => {
  const before = await storedBytes()
  const files = [...contentOf(site.root)].filter(([path, line]) => line.startsWith('file ') && !path.includes('/odd/'))
  const some = files.filter((_, index) => index % 100 === 50)
  for (const [path] of some) appendFileSync(join(site.root, path), '\n// changed\n')
  await ground.mariadb.admin(`UPDATE wp_posts SET post_title = CONCAT(post_title, '!') WHERE ID % 5 = 0`, 'archives')
  await backUp()
  const added = (await storedBytes()) - before
  expect(some.length).toBeGreaterThan(5)
  expect(added).toBeLessThan(before / 20)
})

test('--paranoid finds a changed file of which no time tells', async () => {
  const path = join(site.root, silent)
  const before = await lookUp(silent)
  const known = lstatSync(path, { bigint: true })
  const bytes = readFileSync(path)
  bytes.write('EDITED', 1_000_000)
  writeFileSync(path, bytes)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  await settled(path)
  // only ctime tells it; as if the disk had changed the bytes by itself, Cairn is made to know that one already
  pretendKnown(known.ino, known.ctimeNs, lstatSync(path, { bigint: true }).ctimeNs)
  await backUp()
  expect(await lookUp(silent)).toBe(before)
  await backUp('--paranoid')
  expect(await lookUp(silent)).toBe(contentOf(join(site.root, 'wp-content/uploads/odd')).get('large.bin'))
  expect(await lookUp(silent)).not.toBe(before)
})

/** What the newest backup holds of one upload. */
async function lookUp(path: string): Promise<string | undefined> {
  const to = mkdtempSync(join(ground.directory, 'look-'))
  await succeeds(house.cairn('backup:get', 'shop.dev', '--element=files', `--to=${to}/`))
  await runChild('sh', ['-c', 'cd "$0" && tar -xzf *.tar.gz', to])
  return contentOf(join(to, 'files_dev/odd')).get(path.slice(path.lastIndexOf('/') + 1))
}

/** Puts another ctime into what the last backup remembers of a file. */
function pretendKnown(ino: bigint, was: bigint, is: bigint): void {
  const record = Buffer.alloc(statRecordBytes)
  writeStatRecord(record, 0, { ino, ctimeNs: was })
  const caches = readdirSync(join(house.data, 'cache'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('files.'))
    .map((entry) => join(entry.parentPath, entry.name))
  const changed = caches.filter((cache) => {
    const bytes = readFileSync(cache)
    const place = bytes.indexOf(record)
    if (place < 0) return false
    bytes.writeBigInt64LE(is, place + 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
    writeFileSync(cache, bytes)
    return true
  })
  expect(changed.length).toBeGreaterThan(0)
}
