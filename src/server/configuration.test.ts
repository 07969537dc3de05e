import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'

const data = mkdtempSync(join(tmpdir(), 'cairn-configuration-'))
afterAll(() => rmSync(data, { recursive: true }))

function refusal(flags: string[], env: NodeJS.ProcessEnv = {}): string {
  try {
    readConfiguration(flags, { CAIRN_DATA: data, ...env })
  } catch (error) {
    return String(error)
  }
  throw new Error('was not refused')
}

test('a wrong value is told with the place that it came from', () => {
  expect(refusal(['--listen=7070'])).toContain('Cannot use "7070" for --listen: address:port is wanted')
  expect(refusal(['--listen=127.0.0.1:99999'])).toContain('for --listen: address:port is wanted')
  expect(refusal([], { CAIRN_UPLOAD_LIMIT: 'much' })).toContain('Cannot use "much" for CAIRN_UPLOAD_LIMIT: a size such as 500MB')
  writeFileSync(join(data, 'cairn.yml'), 'workflows: many\n')
  expect(refusal([])).toContain('Cannot use "many" for "workflows" of cairn.yml: a whole number')
  expect(refusal(['--log-format=xml', '--workflows=1'])).toContain('for --log-format: one of text, json is wanted')
  writeFileSync(join(data, 'cairn.yml'), '{')
  expect(refusal([])).toContain(`Cannot read the configuration: "${join(data, 'cairn.yml')}" is no YAML`)
  rmSync(join(data, 'cairn.yml'))
})

test('what there is not is told as an option or a variable, with the nearest one', () => {
  expect(refusal(['--dta=/x'])).toContain('Cannot use the option "--dta": there is none of this name')
  expect(refusal([], { CAIRN_LOGLEVEL: 'debug' })).toContain(
    'Cannot use the variable "CAIRN_LOGLEVEL": there is none of this name',
  )
})
