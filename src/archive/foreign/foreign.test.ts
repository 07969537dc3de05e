import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { tarHeader } from '../tarHeader.ts'
import { hostileArchives, pax, paxRecord, tar, tarMember, zip } from './hostile.suite.ts'
import { openForeignFile } from './openForeign.ts'
import { linkStaysInside, parseForeignPath } from './paths.ts'
import { readGuarded } from './readGuarded.ts'
import { type ForeignEntry, type ForeignLimits, foreignLimits } from './types.ts'

let directory: string
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'cairn-foreign-'))))
afterAll(() => rmSync(directory, { recursive: true }))

interface Read {
  entries: ForeignEntry[]
  bodies: Record<string, string>
  skipped: string[]
}

async function read(bytes: Buffer, limits: Partial<ForeignLimits> = {}, twins = false): Promise<Read> {
  const path = join(directory, 'archive')
  writeFileSync(path, bytes)
  const result: Read = { entries: [], bodies: {}, skipped: [] }
  const onSkipped = (skipped: Buffer): void => void result.skipped.push(skipped.toString())
  const file = await openForeignFile(path, 'archive')
  try {
    for await (const { entry, body } of readGuarded(file, { limits: { ...foreignLimits, ...limits }, onSkipped, twins })) {
      const parts: Buffer[] = []
      for await (const part of body) parts.push(part)
      result.entries.push({ ...entry, path: Buffer.from(entry.path) })
      result.bodies[entry.path.toString()] = Buffer.concat(parts).toString()
    }
  } finally {
    await file.close()
  }
  return result
}
const names = ({ entries }: Read): string[] => entries.map(({ path }) => path.toString())

describe(`${hostileArchives.length} hostile archives`, () => {
  test('are more than 60, each under a name of its own', () => {
    expect(new Set(hostileArchives.map(({ name }) => name)).size).toBe(hostileArchives.length)
    expect(hostileArchives.length).toBeGreaterThanOrEqual(60)
  })
  test.each(hostileArchives)('$name', async ({ bytes, reason, limits, paths }) => {
    if (reason === null) {
      const found = await read(bytes, limits)
      expect(names(found)).toEqual(paths)
      expect(found.entries.every(({ mode }) => (mode & ~0o777) === 0)).toBe(true)
      return
    }
    const failure = await read(bytes, limits).then(
      () => null,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({ code: 'ARCHIVE_DAMAGED', details: { reason } })
    expect((failure as Failure).message).toMatch(/^Cannot read the archive: /)
  })
})

describe('what people really send', () => {
  const source = (): string => join(directory, 'site')
  beforeAll(() => {
    mkdirSync(join(source(), 'wp-content/uploads/2024'), { recursive: true })
    mkdirSync(join(source(), 'empty'))
    writeFileSync(join(source(), 'index.php'), '<?php')
    writeFileSync(join(source(), 'wp-content/uploads/2024/Füße.txt'), 'ä'.repeat(5000))
    writeFileSync(join(source(), `wp-content/${'long'.repeat(40)}.txt`), 'long')
    symlinkSync('uploads/2024', join(source(), 'wp-content/link'))
  })
  const want = [
    'empty',
    'index.php',
    'wp-content',
    'wp-content/link',
    `wp-content/${'long'.repeat(40)}.txt`,
    'wp-content/uploads',
    'wp-content/uploads/2024',
    'wp-content/uploads/2024/Füße.txt',
  ].toSorted()

  test.each([['gnu'], ['pax'], ['oldgnu'], ['posix']])('tar --format=%s', async (format) => {
    for (const flags of [['-c'], ['-cz']]) {
      const bytes = execFileSync('tar', [...flags, `--format=${format}`, '-C', source(), '.'])
      const found = await read(bytes)
      expect(names(found).toSorted()).toEqual(want)
      expect(found.bodies['wp-content/uploads/2024/Füße.txt']).toBe('ä'.repeat(5000))
      expect(found.entries.find(({ kind }) => kind === 'link')?.target.toString()).toBe('uploads/2024')
    }
  })

  test('hard links keep the name that they repeat', async () => {
    const found = await read(tar(tarMember('./a', { body: 'x' }), tarMember('./b', { type: '1', link: './a' })))
    expect(found.entries.map(({ kind, target }) => [kind, target.toString()])).toEqual([
      ['file', ''],
      ['hardlink', 'a'],
    ])
  })

  test('our own archives', async () => {
    const entry = {
      kind: 'file' as const,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeNs: 5_000_000_000n,
      sizeBytes: 5,
      target: Buffer.alloc(0),
    }
    const blocks = [
      tarHeader({ ...entry, path: Buffer.alloc(0), kind: 'directory', sizeBytes: 0 }, Buffer.from('files_dev/')),
      tarHeader({ ...entry, path: Buffer.from('ü'.repeat(90)) }, Buffer.from('files_dev/')),
      Buffer.from('hello'.padEnd(512, '\0')),
    ]
    const found = await read(gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])))
    expect(names(found)).toEqual(['files_dev', `files_dev/${'ü'.repeat(90)}`])
    expect(found.entries[1]).toMatchObject({ mode: 0o644, mtimeNs: 5_000_000_000n })
  })

  test('zip: stored, deflated, data descriptors, links, modes, old code pages', async () => {
    const members = [
      { name: 'dir/', mode: 0o040755 },
      { name: 'dir/a.txt', body: 'hello '.repeat(50_000), mode: 0o100600 },
      { name: 'dir/stored', body: 'plain', method: 0 },
      { name: 'dir/empty' },
      { name: 'dir/link', body: 'a.txt', mode: 0o120777 },
      { name: Buffer.from([0x6d, 0x81, 0x6c, 0x6c]), body: 'x' },
    ]
    for (const descriptor of [false, true]) {
      const found = await read(zip(members, { descriptor }))
      expect(names(found)).toEqual(['dir', 'dir/a.txt', 'dir/stored', 'dir/empty', 'dir/link', 'müll'])
      expect(found.bodies['dir/a.txt']).toBe('hello '.repeat(50_000))
      expect(found.bodies['dir/stored']).toBe('plain')
      expect(found.entries.map(({ kind, mode }) => [kind, mode])).toEqual([
        ['directory', 0o755],
        ['file', 0o600],
        ['file', 0o644],
        ['file', 0o644],
        ['link', 0o777],
        ['file', 0o644],
      ])
      expect(found.entries[4]?.target.toString()).toBe('a.txt')
    }
    expect(names(await read(zip([])))).toEqual([])
  })

  test('names that differ in case alone are read where they are allowed, repeated directories always', async () => {
    const bytes = tar(
      tarMember('A', { body: 'x' }),
      tarMember('a', { body: 'y' }),
      tarMember('d/', { type: '5' }),
      tarMember('d', { type: '5' }),
    )
    expect(names(await read(bytes, {}, true))).toEqual(['A', 'a', 'd', 'd'])
  })

  test('times below the second, and times that are none', async () => {
    const found = await read(
      tar(pax(paxRecord('mtime', '1700000000.25')), tarMember('a'), pax(paxRecord('mtime', '-5')), tarMember('b')),
    )
    expect(found.entries.map(({ mtimeNs }) => mtimeNs)).toEqual([1_700_000_000_250_000_000n, 1_610_612_736_000_000_000n])
  })

  test('a dump, packed or not, with a BOM or without', async () => {
    const path = join(directory, 'dump')
    for (const text of [
      '-- MySQL dump\nCREATE TABLE a (b int);\n',
      '\ufeff/*!40101 SET NAMES utf8 */;',
      '\n\nDROP TABLE IF EXISTS `x`;',
    ]) {
      for (const bytes of [Buffer.from(text), gzipSync(text)]) {
        writeFileSync(path, bytes)
        const file = await openForeignFile(path, 'dump')
        const parts: Buffer[] = []
        for await (const part of file.text()) parts.push(part)
        await file.close()
        expect([file.kind, Buffer.concat(parts).toString()]).toEqual(['sql', text])
      }
    }
  })
})

test.each([
  ['a web page', '  <!-- x -->\n<!DOCTYPE html><html>', /web page/, /dl=1/],
  ['bzip2', 'BZh91AY', /bzip2/, /\.tar\.gz/],
  ['xz', Buffer.from('fd377a585a0000', 'hex'), /xz/, /./],
  ['nothing', '', /empty/, /./],
  ['a picture', Buffer.from('89504e470d0a1a0a0000', 'hex'), /neither tar nor zip nor SQL/, /./],
  ['UTF-16', Buffer.from('\ufeffCREATE TABLE', 'utf16le'), /UTF-16/, /./],
  ['gzip in gzip', gzipSync(gzipSync('x')), /gzip in gzip/, /./],
  ['an empty gzip', gzipSync(''), /nothing is packed/, /./],
  ['a PostgreSQL dump', 'PGDMP\0', /PostgreSQL/, /./],
])('%s is refused for what it is', async (_name, content, message, hint) => {
  const path = join(directory, 'other')
  writeFileSync(path, content)
  await expect(openForeignFile(path, 'other')).rejects.toMatchObject({
    code: 'ARCHIVE_REFUSED',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  })
})

test('no path that is accepted leads anywhere but below the root, whatever its bytes', () => {
  const part = fc.constantFrom('..', '.', '', 'a', 'b', '...', 'a..', 'C:', '\\', '\0', 'é')
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      let path: Buffer | null
      try {
        path = parseForeignPath(Buffer.from(parts.join('/')), foreignLimits)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        return
      }
      for (const name of path?.toString().split('/') ?? [])
        expect(['', '.', '..'].includes(name) || /[\\\0]/.test(name)).toBe(false)
    }),
  )
})

test.each([
  ['a', 'b', true],
  ['a/b', '../c', true],
  ['a/b', '../../c', false],
  ['a', '..', false],
  ['a/b', '..', true],
  ['a', '/etc', false],
  ['a', '', false],
  ['a/b', 'c/../../..', false],
  ['a', 'b/../c', false],
  ['a/b/c', './../x', true],
  ['a', 'b\\c', false],
])('a link at %s to %s stays inside: %s', (path, target, stays) => {
  expect(linkStaysInside(Buffer.from(path), Buffer.from(target))).toBe(stays)
})
