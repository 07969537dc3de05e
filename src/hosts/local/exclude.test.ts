import { expect, test } from 'vitest'
import { compileExclude } from './exclude.ts'

const exclude = compileExclude([
  { path: 'wp-content/uploads', reason: 'files element' },
  { glob: '*.log', reason: 'logs' },
  { glob: 'cache/**/tmp?', reason: 'temporary' },
  { glob: 'node_modules/', reason: 'rebuilt' },
  { glob: 'a.b(c)/x', reason: 'literal' },
])

test('a path rule fits exactly that entry', () => {
  expect(exclude('wp-content/uploads', true)).toBe('files element')
  expect(exclude('wp-content/uploads2', true)).toBeNull()
  expect(exclude('x/wp-content/uploads', true)).toBeNull()
})

test('a glob without a slash fits a name at any depth, one with a slash the whole path', () => {
  expect(exclude('deep/er/debug.log', false)).toBe('logs')
  expect(exclude('cache/a/b/tmp1', false)).toBe('temporary')
  expect(exclude('cache/tmp1', false)).toBe('temporary')
  expect(exclude('cache/tmp12', false)).toBeNull()
  expect(exclude('x/cache/tmp1', false)).toBeNull()
  expect(exclude('a.b(c)/x', false)).toBe('literal')
  expect(exclude('aXb(c)/x', false)).toBeNull()
})

test('a glob that ends in a slash fits directories only', () => {
  expect(exclude('x/node_modules', true)).toBe('rebuilt')
  expect(exclude('x/node_modules', false)).toBeNull()
})
