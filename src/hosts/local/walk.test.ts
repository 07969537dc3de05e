import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { comparePaths } from '../../archive/entry.ts'
import { compileExclude } from './exclude.ts'
import { type WalkWarning, walkTree } from './walk.ts'

let base = ''
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'cairn-walk-'))
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

function paths(...args: Parameters<typeof walkTree>): string[] {
  return [...walkTree(...args)].map((entry) => entry.path.toString('latin1'))
}

test('walkTree() gives entries in the order of comparePaths, links unfollowed, names as bytes', () => {
  const tree = join(base, 'order')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  for (const name of ['a.txt', 'a/z', 'a-b', 'a/b/c', 'B', 'ä']) writeFileSync(join(tree, name), 'x')
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x01])]), 'x')
  symlinkSync('/etc', join(tree, 'link'))
  const entries = [...walkTree([{ directory: tree, at: '' }])]
  const order = entries.map((entry) => entry.path)
  expect(order).toEqual([...order].sort(comparePaths))
  expect(entries.length).toBe(11)
  expect(entries.find((entry) => entry.path.toString() === 'link')).toMatchObject({ kind: 'link', target: Buffer.from('/etc') })
  expect(entries[0]).toMatchObject({ kind: 'directory', sizeBytes: 0 })
})

test('walkTree() leaves out work directories and what is excluded, and says which pipes it skipped', () => {
  const tree = join(base, 'out')
  mkdirSync(join(tree, `.cairn-${'0'.repeat(32)}/in`), { recursive: true })
  mkdirSync(join(tree, 'cache/deep'), { recursive: true })
  writeFileSync(join(tree, '.cairn-readme'), 'an ordinary file')
  execFileSync('mkfifo', [join(tree, 'pipe')])
  const warnings: WalkWarning[] = []
  const exclude = compileExclude([{ glob: 'cache/', reason: 'rebuilt' }])
  expect(paths([{ directory: tree, at: '' }], exclude, (warning) => warnings.push(warning))).toEqual(['', '.cairn-readme'])
  expect(warnings).toMatchObject([{ code: 'ENTRY_SKIPPED', path: 'pipe' }])
})

test('walkTree() puts several roots where they stand in the element', () => {
  for (const name of ['one', 'two', 'three']) {
    mkdirSync(join(base, name))
    writeFileSync(join(base, name, `${name}.txt`), name)
  }
  const roots = [
    { directory: join(base, 'one'), at: '' },
    { directory: join(base, 'two'), at: 'm/n' },
    { directory: join(base, 'three'), at: 'z' },
  ]
  expect(paths(roots)).toEqual(['', 'm', 'm/n', 'm/n/two.txt', 'one.txt', 'z', 'z/three.txt'])
  expect(paths(roots.slice(1))).toEqual(['', 'm', 'm/n', 'm/n/two.txt', 'z', 'z/three.txt'])
})

test('walkTree() skips what is below a directory when told to, and fails when a root is missing', () => {
  const tree = join(base, 'skip')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  mkdirSync(join(tree, 'c'))
  const walk = walkTree([{ directory: tree, at: '' }])
  walk.next()
  walk.next()
  expect(String((walk.next('skip').value as { path: Buffer }).path)).toBe('c')
  expect(() => paths([{ directory: join(base, 'missing'), at: '' }])).toThrow('ENOENT')
})

test.skipIf(process.getuid?.() === 0)('walkTree() warns of a directory that cannot be read', () => {
  const tree = join(base, 'closed')
  mkdirSync(join(tree, 'a'), { recursive: true })
  chmodSync(join(tree, 'a'), 0)
  const warnings: WalkWarning[] = []
  expect(paths([{ directory: tree, at: '' }], undefined, (warning) => warnings.push(warning))).toEqual(['', 'a'])
  expect(warnings).toMatchObject([{ code: 'ENTRY_UNREADABLE', path: 'a' }])
})
