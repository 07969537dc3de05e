import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Warning } from '../contract/words.ts'
import { commitTree } from './commitTree.ts'
import { exportTree } from './exportTree.ts'
import { diffTrees, listTree } from './readTree.ts'
import type { SiteRepository } from './siteRepository.ts'
import { author, entriesOf, makePlace, type Sketch, userGit } from './testing.suite.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
})
afterEach(() => place.remove())

const commit = (sketch: Sketch, more: Partial<Parameters<typeof commitTree>[1]> = {}): ReturnType<typeof commitTree> =>
  commitTree(repository, { entries: entriesOf(sketch), message: 'A tree', author, ...more })

/** A directory as a sketch; names as latin1. */
function sketchOf(directory: string, at = ''): Sketch {
  const sketch: Sketch = {}
  for (const raw of readdirSync(Buffer.from(join(directory, at), 'latin1'), { encoding: 'buffer' })) {
    const name = at === '' ? raw.toString('latin1') : `${at}/${raw.toString('latin1')}`
    const full = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')])
    const stat = lstatSync(full)
    if (stat.isDirectory()) Object.assign(sketch, sketchOf(directory, name))
    else if (stat.isSymbolicLink()) sketch[name] = { link: readlinkSync(full, 'buffer').toString('latin1') }
    else if ((stat.mode & 0o777) === 0o755) sketch[name] = { program: readFileSync(full, 'utf8') }
    else sketch[name] = readFileSync(full)
  }
  return sketch
}

const asBytes = (sketch: Sketch): Sketch =>
  Object.fromEntries(
    Object.entries(sketch)
      .filter(([, what]) => typeof what === 'string' || Buffer.isBuffer(what) || !('directory' in what))
      .map(([name, what]) => [name, typeof what === 'string' ? Buffer.from(what) : what])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  )

test('any tree comes out of a commit as it went in', async () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))).toString('latin1'))
    .filter((text) => text !== '.' && text !== '..' && !/git/i.test(text))
  const leaf = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ maxLength: 40 }).map((program) => ({ program })),
    name.map((target) => ({ link: `../${target}` })),
  )
  const paths = fc.dictionary(
    fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
    leaf,
    { maxKeys: 30 },
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(paths, async (drawn) => {
      const isFree = (path: string): boolean => !Object.keys(drawn).some((other) => path.startsWith(`${other}/`))
      const sketch = Object.fromEntries(Object.entries(drawn).filter(([path]) => isFree(path)))
      const { commit: id } = await commit(sketch, { allowEmpty: true })
      round += 1
      const out = join(place.base, `out-${round}`)
      await exportTree(repository, id, out)
      expect(asBytes(sketchOf(out))).toEqual(asBytes(sketch))
    }),
    { numRuns: 10 },
  )
  userGit(repository.directory, ['fsck', '--strict'])
})

test('a tree as the one before makes no commit, unless asked for', async () => {
  const first = await commit({ 'index.php': '<?php', 'bin/run': { program: '#!' } })
  expect(first).toMatchObject({ kind: 'committed', parent: null })
  expect(await commit({ 'bin/run': { program: '#!' }, 'index.php': '<?php' })).toMatchObject({
    kind: 'unchanged',
    commit: first.commit,
  })
  const second = await commit({ 'index.php': '<?php', 'bin/run': { program: '#!' } }, { allowEmpty: true })
  expect(second).toMatchObject({ kind: 'committed', parent: first.commit })
  expect(userGit(repository.directory, ['log', '--format=%an <%ae> %at %s', 'master'])).toBe(
    'Ada <ada@example.org> 1767323045 A tree\n'.repeat(2),
  )
})

test('a commit replaces the tree, or is laid over it', async () => {
  await commit({ 'a.txt': '1', 'b/c.txt': '2' })
  const laid = await commit({ 'b/d.txt': '3', 'a.txt': '4' }, { how: 'overlay' })
  expect(userGit(repository.directory, ['ls-tree', '-r', '--name-only', laid.commit])).toBe('a.txt\nb/c.txt\nb/d.txt\n')
  const replaced = await commit({ 'b/d.txt': '3' })
  expect(userGit(repository.directory, ['ls-tree', '-r', '--name-only', replaced.commit])).toBe('b/d.txt\n')
})

test('a dry run stores the commit for a comparison and moves nothing', async () => {
  const first = await commit({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' })
  const dry = await commit({ 'a.txt': '1', 'b.txt': 'two', 'd.txt': '4' }, { dryRun: true })
  const changes = []
  for await (const change of diffTrees(repository, first.commit, dry.commit)) changes.push(`${change.kind} ${change.path}`)
  expect(changes).toEqual(['changed b.txt', 'removed c.txt', 'added d.txt'])
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(
    `refs/heads/master ${first.commit}\n`,
  )
  const all = []
  for await (const change of diffTrees(repository, null, first.commit)) all.push(`${change.kind} ${change.path}`)
  expect(all).toEqual(['added a.txt', 'added b.txt', 'added c.txt'])
})

test('git directories inside and links that git reads are left out and named', async () => {
  const result = await commit({
    'index.php': '<?php',
    'vendor/x/.git': { directory: true },
    'vendor/x/.git/config': '[core] fsmonitor = evil',
    'vendor/x/.git/objects': { directory: true },
    'vendor/x/a.php': '1',
    'vendor/y/.git': 'gitdir: /etc',
    'a/.GIT/x': '1',
    'a/git~1/x': '1',
    'a/.git. /x': '1',
    'a/.git::$INDEX_ALLOCATION/x': '1',
    [`a/${Buffer.from('.g\u200cit').toString('latin1')}/x`]: '1',
    'a\\.git\\config': '1',
    '.gitmodules': { link: 'x' },
    '.gitignore': '*.log\n',
    'vendor/.gitattributes': '* text=auto\n',
    'empty/inside': { directory: true },
  })
  expect(userGit(repository.directory, ['ls-tree', '-r', '--name-only', 'master'])).toBe(
    '.gitignore\nindex.php\nvendor/.gitattributes\nvendor/x/a.php\n',
  )
  expect(result.leftOutCount).toBe(9)
  expect(result.leftOut).toContain('vendor/x/.git')
  expect(result.emptyDirectories).toEqual(['empty/inside'])
  userGit(repository.directory, ['fsck', '--strict'])
})

test('a body of another length than announced moves nothing and leaves nothing', async () => {
  const first = await commit({ 'a.txt': '1' })
  const short = async function* () {
    for await (const entry of entriesOf({ 'b.txt': 'x'.repeat(500_000) })) yield { ...entry, sizeBytes: 500_001 }
  }
  await expect(commit({}, { entries: short() })).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(objectname)'])).toBe(`${first.commit}\n`)
  expect(readdirSync(join(repository.directory, 'objects/pack')).filter((name) => name.startsWith('tmp'))).toEqual([])
})

test('an export is plain files: attributes convert nothing, modes and times are those of the commit', async () => {
  const { commit: id } = await commit({
    '.gitattributes': '* text eol=crlf ident filter=lfs export-ignore\n',
    'unix.txt': '$Id$\na\nb\n',
    'dos.txt': 'a\r\nb\r\n',
    'bin/run': { program: '#!/bin/sh\n' },
    link: { link: '/etc/passwd' },
  })
  const out = join(place.base, 'out')
  const seen: string[] = []
  const umask = process.umask(0o077)
  expect(await exportTree(repository, id, out, { onEntry: ({ path }) => seen.push(String(path)) })).toMatchObject({
    files: 4,
    links: 1,
    directories: 1,
  })
  process.umask(umask)
  expect(readFileSync(join(out, 'unix.txt'), 'utf8')).toBe('$Id$\na\nb\n')
  expect(readFileSync(join(out, 'dos.txt'), 'utf8')).toBe('a\r\nb\r\n')
  expect(lstatSync(join(out, 'bin/run')).mode & 0o777).toBe(0o755)
  expect(lstatSync(join(out, 'unix.txt')).mode & 0o777).toBe(0o644)
  for (const name of ['', 'bin']) expect(lstatSync(join(out, name)).mode & 0o777).toBe(0o755)
  for (const name of ['', 'bin', 'bin/run', 'link']) expect(lstatSync(join(out, name)).mtimeMs).toBe(author.at.getTime())
  expect(seen.length).toBe(6)
  await expect(exportTree(repository, id, out)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
})

test('a hostile tree is written nowhere but into its directory', async () => {
  const outside = join(place.base, 'outside')
  mkdirSync(outside)
  const blob = userGit(repository.directory, ['hash-object', '-w', '--stdin'], { input: 'evil' }).trim()
  const link = userGit(repository.directory, ['hash-object', '-w', '--stdin'], { input: outside }).trim()
  const tree = (entries: [string, string, string][]): string => {
    const bytes = Buffer.concat(
      entries.map(([mode, name, id]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])),
    )
    return userGit(repository.directory, ['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], { input: bytes }).trim()
  }
  const commitOf = (id: string): string => userGit(repository.directory, ['commit-tree', id, '-m', 'x']).trim()
  const inner = tree([['100644', 'x', blob]])
  const twice = commitOf(
    tree([
      ['120000', 'a', link],
      ['40000', 'a', inner],
    ]),
  )
  await expect(exportTree(repository, twice, join(place.base, 'o1'))).rejects.toMatchObject({ code: 'HISTORY_REFUSED' })
  const file = commitOf(
    tree([
      ['120000', 'a', link],
      ['100644', 'a', blob],
    ]),
  )
  await expect(exportTree(repository, file, join(place.base, 'o2'))).rejects.toMatchObject({ code: 'HISTORY_REFUSED' })
  const warnings: Warning[] = []
  const odd = commitOf(
    tree([
      ['40000', '..', inner],
      ['40000', '.git', inner],
      ['100644', '../up', blob],
      ['160000', 'module', '1'.repeat(40)],
      ['100644', 'ok', blob],
    ]),
  )
  const counts = await exportTree(repository, odd, join(place.base, 'o3'), { onWarning: (warning) => warnings.push(warning) })
  expect(counts).toMatchObject({ files: 1, directories: 0 })
  expect(warnings.map(({ path }) => path)).toContain('module')
  expect(readdirSync(outside)).toEqual([])
  expect(existsSync(join(place.base, 'up'))).toBe(false)
})

test('listTree() tells kinds, modes and sizes', async () => {
  const { commit: id } = await commit({ 'a/b': 'abc', run: { program: 'x' }, to: { link: 'a/b' } })
  const listed = []
  for await (const { path, kind, mode, sizeBytes } of listTree(repository, id)) listed.push([String(path), kind, mode, sizeBytes])
  expect(listed).toEqual([
    ['a', 'directory', 0o755, 0],
    ['a/b', 'file', 0o644, 3],
    ['run', 'file', 0o755, 1],
    ['to', 'link', 0o777, 3],
  ])
})
