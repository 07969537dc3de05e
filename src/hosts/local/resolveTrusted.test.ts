import { chownSync, lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resolveTrusted, resolveTrustedOrNull } from './resolveTrusted.ts'

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: links of other users, which only root can make')

let root: string
const at = (path: string): string => join(root, path)
beforeEach(() => void (root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-trusted-')))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function directory(path: string, uid: number): void {
  mkdirSync(at(path), { recursive: true })
  chownSync(at(path), uid, uid)
}

function link(path: string, target: string, uid: number): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  symlinkSync(target, at(path))
  lchownSync(at(path), uid, uid)
}

test('gives what realpath gives, and null where nothing stands', () => {
  mkdirSync(at('a/b/c'), { recursive: true })
  writeFileSync(at('a/file'), '')
  symlinkSync('a/./b', at('one'))
  symlinkSync('one/../b/c', at('two'))
  symlinkSync(at('two'), at('a/three'))
  symlinkSync('nowhere', at('dangling'))
  symlinkSync('round', at('round'))
  for (const path of ['a', 'one', 'one/c', 'two', 'a/three', 'a/file']) {
    expect(resolveTrustedOrNull(at(path)), path).toBe(realpathSync.native(at(path)))
  }
  expect(resolveTrusted('/')).toBe('/')
  for (const path of ['missing', 'dangling', 'dangling/x', 'a/file/x']) expect(resolveTrustedOrNull(at(path)), path).toBe(null)
  expect(() => resolveTrusted(at('round'))).toThrow(expect.objectContaining({ code: 'ELOOP' }))
})

describe.runIf(isRoot)('links of others', () => {
  const refused = expect.objectContaining({ code: 'PREFLIGHT_REFUSED' })

  test('a link of the owner of what it leads to is followed, whoever owns what is behind it', () => {
    directory('releases/7', 4242)
    directory('releases/7/uploads', 33)
    link('current', 'releases/7', 4242)
    expect(resolveTrusted(at('current/uploads'))).toBe(at('releases/7/uploads'))
  })

  test('a link of root is followed to anywhere', () => {
    directory('shared', 33)
    link('uploads', at('shared'), 0)
    expect(resolveTrusted(at('uploads'))).toBe(at('shared'))
  })

  test('a link to what is not of its owner is refused, with the owners named', () => {
    directory('victim', 0)
    link('uploads', '../'.repeat(20) + at('victim').slice(1), 33)
    expect(() => resolveTrusted(at('uploads'))).toThrow(
      `Cannot follow the link "${at('uploads')}": it belongs to www-data (33), and "${at('victim')}", where it leads, to root (0)`,
    )
    expect(() => resolveTrusted(at('uploads/missing'))).toThrow(refused)
  })

  test('a link is refused also where it leads there by way of root', () => {
    directory('victim/inner', 0)
    link('official', 'victim', 0)
    link('uploads', 'official/inner', 33)
    expect(() => resolveTrusted(at('uploads'))).toThrow(refused)
    directory('own', 33)
    link('own/back', '../victim', 33)
    expect(() => resolveTrusted(at('own/back/inner'))).toThrow(refused)
  })
})
