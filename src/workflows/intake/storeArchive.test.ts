import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostileArchives, tar, tarMember, zip } from '../../archive/foreign/hostile.suite.ts'
import { openForeignFile } from '../../archive/foreign/openForeign.ts'
import { quietRun } from '../../base/run.ts'
import { openArchive } from '../../repository/archiveOut.ts'
import { entriesOf, readEntryBody } from '../../repository/readEntries.ts'
import { backupOf, startTestRepository, type TestRepository } from '../../repository/testing.ts'
import type { StoredEntry } from '../../repository/types.ts'
import { captureTree } from '../capture/captureTree.ts'
import { stopIdleThreads } from '../capture/warmThreads.ts'
import { archivePart } from './archivePart.ts'
import { readArchives } from './readArchives.ts'
import { storeArchive, type StoreArchiveOptions } from './storeArchive.ts'

let home: TestRepository
let directory: string
let work: string
beforeAll(async () => {
  home = await startTestRepository()
  directory = mkdtempSync(join(tmpdir(), 'cairn-store-'))
  work = join(directory, 'work')
  mkdirSync(work)
})
afterAll(async () => {
  await stopIdleThreads()
  await home.stop()
  rmSync(directory, { recursive: true })
})

const codec = { name: 'zlib', level: 1 } as const

async function store(bytes: Buffer, options: Partial<StoreArchiveOptions> = {}) {
  const path = join(directory, 'archive')
  writeFileSync(path, bytes)
  const file = await openForeignFile(path, 'archive')
  const session = await home.repository.openSession()
  try {
    const { repository } = home
    const archive = await storeArchive({ repository, session, file, workDirectory: work, run: quietRun(), ...options })
    return { session, archive, repository }
  } catch (error) {
    await session.close()
    throw error
  } finally {
    await file.close()
  }
}

async function collect(entries: AsyncIterable<StoredEntry>): Promise<StoredEntry[]> {
  const all: StoredEntry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

describe('a tree', () => {
  const tree = (): string => join(directory, 'site')
  beforeAll(() => {
    mkdirSync(join(tree(), 'a/b/empty'), { recursive: true })
    writeFileSync(join(tree(), 'index.php'), '<?php')
    writeFileSync(join(tree(), 'a/none'), '')
    writeFileSync(join(tree(), 'a.txt'), 'x'.repeat(70_000))
    writeFileSync(join(tree(), 'a/large'), randomBytes(5_000_000))
    for (let i = 0; i < 1500; i++) writeFileSync(join(tree(), 'a/b', `f${i}`), `content of ${i}`)
    symlinkSync('../index.php', join(tree(), 'a/link'))
    symlinkSync('/etc/passwd', join(tree(), 'a/away'))
  })

  test.each([
    ['tar czf', () => execFileSync('tar', ['-cz', '-C', directory, 'site'], { maxBuffer: 1e9 })],
    [
      'tar cf, backwards',
      () =>
        execFileSync('tar', ['-c', '--sort=name', '-C', directory, 'site/index.php', 'site/a.txt', 'site/a'], { maxBuffer: 1e9 }),
    ],
  ])(
    'in an archive (%s) becomes the manifest that its directory would become, of the same chunks',
    async (_name, make) => {
      const { archive, session, repository } = await store(make())
      const part = { repository, session, archive, element: 'code' as const, archivePrefix: 'code/', run: quietRun() }
      const captured = await archivePart({ ...part, root: 'site' })
      await repository.commitBackup(session, backupOf(captured.manifest, captured.ref))
      expect(captured.warnings).toMatchObject([
        { code: 'ENTRY_SKIPPED', path: 'a/away', message: expect.stringContaining('/etc/passwd') },
      ])
      expect(archive.outline).toMatchObject({ sharedTop: ['site'], files: 1506 })

      const other = await repository.openSession()
      const direct = await captureTree({
        repository,
        session: other,
        root: { roots: [{ directory: tree(), at: '' }], exclude: [], secretPaths: [] },
        element: 'code',
        archivePrefix: 'code/',
        previous: null,
        statCachePath: null,
        paranoid: false,
        codec,
        run: quietRun(),
      })
      const essence = ({ path, kind, sizeBytes, target, chunks }: StoredEntry) =>
        [path.toString(), kind, sizeBytes, target.toString(), chunks.map(({ id }) => id.toString('hex'))] as const
      const [ours, theirs] = [
        await collect(entriesOf(repository, captured.manifest)),
        await collect(entriesOf(repository, direct.manifest)),
      ]
      await other.close()
      expect(ours.map(essence)).toEqual(theirs.map(essence).filter(([path]) => path !== 'a/away'))
      expect(new Set(ours.map(({ uid, gid }) => `${uid}:${gid}`))).toEqual(new Set(['0:0']))

      const parts: Buffer[] = []
      for await (const bytes of (await openArchive(repository, captured.manifest)).read()) parts.push(bytes)
      const listed = execFileSync('tar', ['-tz'], { input: Buffer.concat(parts), maxBuffer: 1e8 })
        .toString()
        .split('\n')
      expect(listed).toContain('code/a/b/empty/')
      expect(gunzipSync(Buffer.concat(parts)).length).toBe(captured.manifest.archiveRawLength)
      archive.close()
    },
    120_000,
  )
})

test('one archive becomes several elements, each without what belongs to another', async () => {
  const { archive, session, repository } = await store(
    tar(
      tarMember('site/docroot/index.php', { body: 'code' }),
      tarMember('site/docroot/sites/default/files/a.jpg', { body: 'picture' }),
      tarMember('site/docroot/sites/default/files.txt', { body: 'not files' }),
      tarMember('site/dump.sql', { body: '-- SQL' }),
    ),
  )
  const part = { repository, session, archive, run: quietRun() }
  const code = await archivePart({
    ...part,
    element: 'code',
    root: 'site',
    leaveOut: (path) => path === 'docroot/sites/default/files' || path.endsWith('.sql'),
    archivePrefix: 'x_code/',
  })
  const files = await archivePart({
    ...part,
    element: 'files',
    root: 'site/docroot/sites/default/files',
    archivePrefix: 'files_dev/',
  })
  const paths = async (manifest: typeof code.manifest) =>
    (await collect(entriesOf(repository, manifest))).map(({ path }) => path.toString())
  expect(await paths(code.manifest)).toEqual([
    '',
    'docroot',
    'docroot/index.php',
    'docroot/sites',
    'docroot/sites/default',
    'docroot/sites/default/files.txt',
  ])
  expect(await paths(files.manifest)).toEqual(['', 'a.jpg'])
  const dump = [...archive.entries()].find(({ path }) => path.toString() === 'site/dump.sql')
  const text: Buffer[] = []
  for await (const bytes of readEntryBody(repository, dump as StoredEntry)) text.push(bytes)
  expect(Buffer.concat(text).toString()).toBe('-- SQL')
  archive.close()
  await session.close()
})

test(`of ${hostileArchives.length} hostile archives nothing is left, nor is anything written where they want it`, async () => {
  for (const { name, bytes, reason, limits, paths } of hostileArchives) {
    const result = await store(bytes, { limits: limits ?? {} }).then(
      ({ archive, session }) => ({ archive, session }),
      (error: unknown) => ({ error }),
    )
    if ('error' in result)
      expect(result.error, name).toMatchObject({
        ...{ code: 'ARCHIVE_DAMAGED', details: { reason } },
        message: expect.stringMatching(/^Cannot read "archive": /), // of several, which one
      })
    else {
      expect(
        [...result.archive.entries()].map(({ path }) => path.toString()),
        name,
      ).toEqual(paths)
      result.archive.close()
      await result.session.close()
    }
    expect(readdirSync(work), name).toEqual([])
  }
  expect(readdirSync(directory).toSorted()).toEqual(['archive', 'site', 'work'])
  expect(readdirSync(join(home.directory, 'repository')).filter((name) => name.includes('tmp'))).toEqual([])
}, 120_000)

test('uploads in an unusual place become files, wherever in the archive the configuration stands', async () => {
  const members = [
    ...['index.php', 'wp-settings.php', 'wp-load.php'].map((name) => tarMember(`site/${name}`, { body: '<?php' })),
    tarMember('site/wp-includes/version.php', { body: `<?php $wp_version = '6.5.5';` }),
    tarMember('site/assets/media/2024/a.jpg', { body: 'picture' }),
    tarMember('site/wp-config.php', { body: `<?php\ndefine('UPLOADS', 'assets/media');\n` }),
  ]
  writeFileSync(join(directory, 'code'), tar(...members))
  const session = await home.repository.openSession()
  const read = await readArchives({
    ...{ repository: home.repository, session, workDirectory: work, run: quietRun() },
    given: [{ role: 'code', path: join(directory, 'code'), name: 'code.tar' }],
  })
  const paths = async (element: 'code' | 'files') => {
    const captured = await read.capture(element, '')
    const entries = captured === null ? [] : await collect(entriesOf(home.repository, captured.manifest))
    return entries.map(({ path }) => path.toString())
  }
  expect(await paths('files')).toEqual(['', '2024', '2024/a.jpg'])
  expect(await paths('code')).not.toContain('assets/media')
  await read.close()
  await session.close()
})

test('the archives of a site become its elements: trees as manifests, the dump as text, wherever it was packed', async () => {
  const sql = '-- SQL dump\nCREATE TABLE a (b int);\n'
  const code = tar(
    ...['index.php', 'wp-settings.php', 'wp-load.php'].map((name) => tarMember(`site/${name}`, { body: '<?php' })),
    tarMember('site/wp-includes/version.php', { body: `<?php $wp_version = '6.5.5';` }),
    tarMember('site/wp-content/uploads/old.jpg', { body: 'old' }),
    tarMember('site/.git/HEAD', { body: 'ref: refs/heads/master\n' }),
  )
  const dumps = [
    Buffer.from(sql),
    gzipSync(sql),
    zip([{ name: 'backup/x.sql', body: sql }]),
    tar(tarMember('x.sql.gz', { body: gzipSync(sql) })),
  ]
  for (const dump of dumps) {
    const write = (name: string, bytes: Buffer): string => {
      writeFileSync(join(directory, name), bytes)
      return join(directory, name)
    }
    const session = await home.repository.openSession()
    const read = await readArchives({
      repository: home.repository,
      session,
      given: [
        { role: 'code', path: write('code', code), name: 'code.tar' },
        { role: 'files', path: write('files', zip([{ name: 'uploads/new.jpg', body: 'new' }])), name: 'files.zip' },
        { role: 'database', path: write('dump', dump), name: 'dump' },
      ],
      workDirectory: work,
      run: quietRun(),
    })
    const paths = async (element: 'code' | 'files', leaveOut?: (path: string) => boolean) => {
      const captured = await read.capture(element, '', leaveOut)
      return captured === null
        ? null
        : (await collect(entriesOf(home.repository, captured.manifest))).map(({ path }) => path.toString())
    }
    expect(await paths('files')).toEqual(['', 'new.jpg'])
    expect(await paths('code', (path) => path === '.git')).toEqual([
      '',
      'index.php',
      'wp-content',
      'wp-includes',
      'wp-includes/version.php',
      'wp-load.php',
      'wp-settings.php',
    ])
    const text: Buffer[] = []
    for await (const part of read.dump() ?? []) text.push(part)
    expect(Buffer.concat(text).toString()).toBe(sql)
    expect(read.plan.code).toMatchObject({ framework: 'wordpress', version: '6.5.5', hasGit: true })
    await read.close()
    await session.close()
  }
  expect(readdirSync(work)).toEqual([])
})
