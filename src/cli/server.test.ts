import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configurationHelp } from '../server/configuration.ts'

const cairn = join(import.meta.dirname, '../../bin/cairn')

test('bin/cairn starts a server also when an option stands before the command', () => {
  const { status, stderr } = spawnSync(process.execPath, [cairn, '--quiet', 'server', '--dta=/nowhere'], { encoding: 'utf8' })
  expect(stderr).toContain('Did you mean "--data"?')
  expect(status).toBe(2)
})

test('the help of the server lists the configuration keys', () => {
  const { status, stdout } = spawnSync(process.execPath, [cairn, 'server', '--help'], { encoding: 'utf8' })
  expect(stdout).toContain(`${configurationHelp()}\n`) // no line of it broken
  const [, ...rows] = configurationHelp().split('\n')
  for (const row of rows) expect(row).toMatch(/^( {2}--[a-z-]+ +[A-Z_]+ +\S.{0,31}| {48}\S.*)$/)
  expect(status).toBe(0)
})
