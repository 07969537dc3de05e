import { closeSync, fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openNameless } from './files.ts'

test('a file without a name can be read by its handle, by us alone, and leaves nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-files-'))
  try {
    const fd = openNameless(directory)
    writeFileSync(fd, 'a secret')
    expect(readdirSync(directory)).toEqual([])
    expect(fstatSync(fd)).toMatchObject({ mode: 0o100600, nlink: 0, size: 8 })
    expect(readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('a secret')
    closeSync(fd)
    expect(readdirSync(directory)).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
