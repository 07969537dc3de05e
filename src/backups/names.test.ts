import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { elements } from '../contract/words.ts'
import { archiveName, parseArchiveName } from './names.ts'

const momentAt = new Date('2026-03-04T05:06:07.890Z')

test('an archive is named by site, environment, moment in UTC and element', () => {
  expect(archiveName({ site: 'my-shop', environment: 'dev', momentAt, element: 'code' })).toBe(
    'my-shop_dev_2026-03-04T05-06-07_UTC_code.tar.gz',
  )
  expect(archiveName({ site: 'my-shop', environment: 'dev', momentAt, element: 'files' })).toBe(
    'my-shop_dev_2026-03-04T05-06-07_UTC_files.tar.gz',
  )
  expect(archiveName({ site: 'a', environment: 'live', momentAt, element: 'database' })).toBe(
    'a_live_2026-03-04T05-06-07_UTC_database.sql.gz',
  )
})

test('parseArchiveName() reads back every name, and no shell needs it quoted', () => {
  const name = fc.record({
    site: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$/),
    environment: fc.stringMatching(/^[a-z0-9]{1,11}$/),
    momentAt: fc
      .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000)),
    element: fc.constantFrom(...elements),
  })
  fc.assert(
    fc.property(name, (parts) => {
      expect(parseArchiveName(archiveName(parts))).toEqual(parts)
      expect(archiveName(parts)).toMatch(/^[A-Za-z0-9._-]+$/)
    }),
  )
})

test.each([
  '',
  'x',
  'a_dev_2026-03-04T05-06-07_UTC_code.sql.gz',
  'a_dev_2026-13-04T05-06-07_UTC_code.tar.gz',
  'a_dev_2026-02-30T05-06-07_UTC_code.tar.gz',
  'a_dev_2026-03-04T05-06-07_UTC_code.tar.gz/',
  '../a_dev_2026-03-04T05-06-07_UTC_code.tar.gz',
])('parseArchiveName() refuses "%s"', (text) => {
  expect(parseArchiveName(text)).toBeNull()
})
