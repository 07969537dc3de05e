import { expect, test } from 'vitest'
import { openLog } from './log.ts'

type Format = 'text' | 'json' | null

/** What two lines become: one with a field, a word that would steer a terminal in it; one with an error. */
function lines(logFormat: Format, isTTY: boolean, env: NodeJS.ProcessEnv = {}): string[] {
  let text = ''
  const log = openLog({ logLevel: 'info', logFormat }, { isTTY, write: (part) => void (text += part) }, env)
  log.info({ site: 'blog', count: 2, words: 'two words', nested: { a: 1 } }, 'saw \u001b[2J')
  log.debug('not shown')
  log.error(new Error('broke'), 'it broke')
  return text.trimEnd().split('\n')
}

test('at a terminal a line has time, level, message and fields, and an error its stack', () => {
  const [first = '', second = '', ...stack] = lines(null, true, { NO_COLOR: '1' })
  expect(first).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info {2}saw \\u001b\[2J site=blog count=2 words="two words" nested=\{"a":1\}$/,
  )
  expect(second).toMatch(/:\d\d error it broke$/)
  expect(stack[0]).toBe('    Error: broke')
  expect(stack[1]).toMatch(/^ {8}at .*log\.test\.ts/)
})

test('levels have colors at a terminal, and nowhere else', () => {
  expect(lines(null, true)[1]).toContain('\u001b[31merror\u001b[0m it broke')
  expect(lines(null, true, { TERM: 'dumb' }).join()).not.toContain('\u001b')
  expect(lines('text', false).join()).not.toContain('\u001b')
})

test('elsewhere a line is JSON; logFormat chooses both', () => {
  for (const [format, isTTY] of [
    [null, false],
    ['json', true],
  ] as const) {
    expect(JSON.parse(lines(format, isTTY)[0] ?? '')).toMatchObject({ level: 30, msg: 'saw \u001b[2J', site: 'blog', count: 2 })
  }
  expect(lines('text', false)[0]).toContain(' info  saw ')
})
