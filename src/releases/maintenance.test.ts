import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { enterMaintenance, leaveMaintenance } from './maintenance.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-maintenance-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('maintenance comes and goes, may be repeated, and leaves the directory its time', async () => {
  utimesSync(directory, 1_600_000_000, 1_600_000_000.25)
  const before = statSync(directory, { bigint: true }).mtimeNs / 1000n
  await enterMaintenance(directory)
  await enterMaintenance(directory)
  expect(readFileSync(join(directory, '.maintenance'), 'utf8')).toContain('$upgrading = time();')
  expect(statSync(join(directory, '.maintenance')).mode & 0o777).toBe(0o644)
  await leaveMaintenance(directory)
  await leaveMaintenance(directory)
  expect(existsSync(join(directory, '.maintenance'))).toBe(false)
  expect(statSync(directory, { bigint: true }).mtimeNs / 1000n).toBe(before)
})

test('an update of WordPress that runs is left alone, one that was left behind is replaced', async () => {
  const path = join(directory, '.maintenance')
  const now = Math.floor(Date.now() / 1000)
  writeFileSync(path, `<?php $upgrading = ${now}; ?>`)
  await expect(enterMaintenance(directory)).rejects.toMatchObject({ code: 'APPLY_CONFLICT', retry: 'later' })
  await leaveMaintenance(directory)
  expect(existsSync(path)).toBe(true)
  writeFileSync(path, `<?php $upgrading = ${now - 3600}; ?>`)
  await enterMaintenance(directory)
  expect(readFileSync(path, 'utf8')).toContain('time()')
})

test('a link in its place is not written through, and a directory that is gone needs none', async () => {
  symlinkSync('/etc/passwd', join(directory, '.maintenance'))
  await expect(enterMaintenance(directory)).rejects.toMatchObject({ code: 'APPLY_CONFLICT' })
  await enterMaintenance(join(directory, 'gone'))
  await leaveMaintenance(join(directory, 'gone'))
})
