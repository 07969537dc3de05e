import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeDataDirectory } from './dataDirectory.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-data-'))

afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('it is made with what is missing above it, and taken as it is when it is there', () => {
  const path = join(directory, 'a/b/c')
  makeDataDirectory(path)
  makeDataDirectory(path)
  expect(statSync(path).isDirectory()).toBe(true)
})

test.each(['/proc/nope', '/proc/nope/deeper/still'])('where none can be made it fails at once: %s', (path) => {
  expect(() => makeDataDirectory(path)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('a file in its place is named', () => {
  writeFileSync(join(directory, 'file'), '')
  for (const path of ['file', 'file/below'])
    expect(() => makeDataDirectory(join(directory, path))).toThrow(/Cannot use the data directory ".*file/)
})
