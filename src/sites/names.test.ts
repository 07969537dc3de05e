import { expect, test } from 'vitest'
import { Failure } from '../base/failure.ts'
import { parseEnvironmentName, parseSiteEnvironment, parseSiteName } from './names.ts'

function refusal(run: () => unknown): Failure {
  try {
    run()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('was not refused')
}

test.each(['shop', 'a', '1', 'my-shop', 'a--b', 'x'.repeat(51), '2fast'])('parseSiteName() takes "%s"', (name) => {
  expect(parseSiteName(name)).toBe(name)
})

test.each([
  '',
  '-shop',
  'shop-',
  'Shop',
  'my shop',
  'my_shop',
  'shop.live',
  'x'.repeat(52),
  'schön',
  '../etc',
  'a/b',
  'a\n',
  '-',
  'shop\0',
])('parseSiteName() refuses %j with the rule', (name) => {
  const failure = refusal(() => parseSiteName(name))
  expect(failure.code).toBe('SITE_NAME_INVALID')
  expect(failure.message).toContain('lower-case letters, digits and dashes')
})

test('a refused site name comes with the nearest right one', () => {
  expect(refusal(() => parseSiteName('Mein Schöner_Shop!')).hint).toContain('"mein-schoner-shop"')
  expect(refusal(() => parseSiteName('山')).hint).toContain('Choose another')
})

test('parseEnvironmentName() takes dev, test, live and short others', () => {
  for (const name of ['dev', 'test', 'live', 'pr42', 'abcdefghijk']) expect(parseEnvironmentName(name)).toBe(name)
  for (const name of ['', 'Live', 'a-b', 'abcdefghijkl', 'a.b', 'é']) refusal(() => parseEnvironmentName(name))
})

test('parseSiteEnvironment() reads exactly one point', () => {
  expect(parseSiteEnvironment('shop.live')).toEqual({ site: 'shop', environment: 'live' })
  for (const text of ['shop', 'shop.', '.live', 'shop.live.x', 'Shop.live']) refusal(() => parseSiteEnvironment(text))
})
