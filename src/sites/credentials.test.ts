import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { type DatabaseCredentials, describeCredentials, guardCredentials } from './credentials.ts'

const plain: DatabaseCredentials = { host: '::1', port: 3307, socket: null, user: 'wp', password: 's3cret', database: 'shop' }

test('guardCredentials() keeps the password out of JSON, templates and inspection', () => {
  const guarded = guardCredentials(plain)
  expect(guarded.password).toBe('s3cret')
  for (const text of [JSON.stringify({ guarded }), `${guarded as unknown as string}`, inspect({ guarded }), inspect([guarded])]) {
    expect(text).not.toContain('s3cret')
    expect(text).toContain('shop')
  }
})

test('guardCredentials() gives a copy that spreads and clones whole', () => {
  expect({ ...guardCredentials(plain) }).toEqual(plain)
  expect(structuredClone({ ...guardCredentials(plain) })).toEqual(plain)
})

test('describeCredentials() brackets an IPv6 host and prefers the socket', () => {
  expect(describeCredentials(plain)).toBe('wp@[::1]:3307/shop')
  expect(describeCredentials({ ...plain, socket: '/run/s.sock' })).toBe('wp@/run/s.sock/shop')
  expect(describeCredentials({ ...plain, host: null, port: null })).toBe('wp@localhost/shop')
})
