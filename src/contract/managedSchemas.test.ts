import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import * as schemas from './managedSchemas.ts'

test('inputs take what they say, and nothing beside it', () => {
  const source = { kind: 'archives', code: { url: 'https://example.org/code.tar.gz?X=1&Y=2' }, files: { upload: 'A1' } }
  expect(Check(schemas.CreateSiteInput, { site: 'shop', source })).toBe(true)
  expect(Check(schemas.CreateSiteInput, { site: 'shop', source: { ...source, elsewhere: 1 } })).toBe(false)
  expect(Check(schemas.CreateSiteInput, { site: 'shop', source: { kind: 'empty', framework: 'joomla' } })).toBe(false)
  expect(Check(schemas.ImportInput, { element: 'code', from: { upload: 'A1', url: 'https://example.org' } })).toBe(false)
  expect(Check(schemas.RevertCodeInput, { commit: '--all' })).toBe(false)
})

test('every schema is an object or a choice of objects', () => {
  for (const schema of Object.values(schemas)) expect('properties' in schema || 'anyOf' in schema).toBe(true)
})
