import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { firstFree, readRanges, requireMapped, whoElse } from './ownUids.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-uids-'))

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

test('numbers that belong to users, or that containers may take, are stepped over', () => {
  const ranges = [
    { start: 100_000, count: 65_536 },
    { start: 165_536, count: 65_536 },
  ]
  expect(firstFree(200_000, ranges)).toBe(231_072)
  expect(firstFree(99_999_999, ranges)).toBe(99_999_999)
  expect(firstFree(0, [])).toBeGreaterThan(0) // root
})

test('ranges are read from both files, whatever else stands there', () => {
  const users = file('subuid', '# users\nann:100000:65536\n\nbob:165536:65536\nbroken\n')
  expect(readRanges([users, join(directory, 'none')])).toEqual([
    { start: 100_000, count: 65_536 },
    { start: 165_536, count: 65_536 },
  ])
})

test('who came to a number later is named', () => {
  const ranges = [{ start: 200_000, count: 65_536 }]
  expect(whoElse(0, ranges)).toBe('the account "root"')
  expect(whoElse(200_003, ranges)).toContain('200000:65536')
  expect(whoElse(300_000_123, ranges)).toBeNull()
})

test('a container that has not this user says so before anything is made', () => {
  const all = file('all', '         0          0 4294967295\n')
  const few = file('few', '         0       1000          1\n         1     100000      65536\n')
  expect(() => requireMapped(200_000, [all, all])).not.toThrow()
  expect(() => requireMapped(60_000, [few])).not.toThrow()
  expect(() => requireMapped(200_000, [all, few])).toThrow(/has no user 200000/)
})
