// bin/cairn keeps compiled modules, and runs them: only where nobody else can bring any.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const isRoot = process.getuid?.() === 0
const nobody = 65534
const user = isRoot ? nobody : (process.getuid?.() ?? 0)
let base = ''
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'cairn-bin-'))
  chmodSync(base, 0o755)
  for (const name of ['bin', 'src/cli']) mkdirSync(join(base, name), { recursive: true })
  copyFileSync(resolve(import.meta.dirname, '../../bin/cairn'), join(base, 'bin/cairn'))
  writeFileSync(join(base, 'package.json'), '{"type":"module"}')
  const main = "export const runCommandLine = async () => (process.stdout.write(process.env.NODE_COMPILE_CACHE ?? 'none'), 0)\n"
  writeFileSync(join(base, 'src/cli/main.ts'), main)
})
afterAll(() => rmSync(base, { recursive: true }))

/** Of the user, unless it is said otherwise. */
function directory(name: string, mode: number, owner = user): string {
  const path = join(base, name)
  mkdirSync(path)
  if (isRoot) lchownSync(path, owner, owner)
  chmodSync(path, mode)
  return path
}

/** @returns where compiled modules are kept, or `none` */
function keptFor(variables: Record<string, string>, as = user): string {
  const become = `data:text/javascript,process.setgroups([]);process.setgid(${as});process.setuid(${as})`
  const args = [...(as === process.getuid?.() ? [] : ['--import', become]), join(base, 'bin/cairn')]
  return execFileSync(process.execPath, args, { cwd: base, env: { PATH: process.env['PATH'], ...variables }, encoding: 'utf8' })
}

test('compiled modules are kept in the cache of the user, reached through links too', () => {
  const home = directory('home', 0o755)
  expect(keptFor({ HOME: home })).toBe(join(home, '.cache/cairn/compiled'))
  const cache = directory('cache', 0o700)
  symlinkSync(cache, join(home, 'link'))
  expect(keptFor({ HOME: home, XDG_CACHE_HOME: join(home, 'link') })).toBe(join(cache, 'cairn/compiled'))
})

test('nothing is kept below a directory in which others can put another one in its place', () => {
  const open = directory('open', 0o777)
  const between = directory('open/between', 0o755)
  expect(keptFor({ HOME: between })).toBe('none')
  chmodSync(open, 0o775)
  expect(keptFor({ HOME: between })).toBe('none')
  chmodSync(open, 0o1777) // as /tmp is: what stands there is its owner's
  expect(keptFor({ HOME: between })).toBe(join(between, '.cache/cairn/compiled'))
  chmodSync(join(between, '.cache/cairn/compiled'), 0o1777)
  expect(keptFor({ HOME: between })).toBe('none')
})

test.runIf(isRoot)('nothing is kept below the directory of another user', () => {
  const others = directory('others', 0o755, 12_345)
  expect(keptFor({ XDG_CACHE_HOME: directory('others/mine', 0o755) })).toBe('none')
  expect(existsSync(others)).toBe(true)
})

test.runIf(isRoot)("root keeps nothing in another user's home, whose variables came along with it", () => {
  const home = directory('user', 0o755)
  expect(keptFor({ HOME: home, XDG_CACHE_HOME: home }, 0)).not.toContain(base)
  expect(existsSync(join(home, '.cache'))).toBe(false)
  expect(existsSync(join(home, 'cairn'))).toBe(false)
})
