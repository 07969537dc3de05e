import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { phpCases } from './readPhp.suite.ts'
import { type PhpOptions, type PhpOutcome, readPhp } from './readPhp.ts'
import { Unknown } from './values.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'cairn-php-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function read(text: string, options: PhpOptions = {}, files: Record<string, string> = {}): PhpOutcome {
  for (const [name, content] of Object.entries({ ...files, 'wp-config.php': text })) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return readPhp(join(root, 'wp-config.php'), options)
}

/** The value of the constant A, `?` when it is not known, `-` when it is not set. */
function constantA(text: string, options?: PhpOptions, files?: Record<string, string>): unknown {
  const value = read(`<?php\n${text}`, options, files).constants.get('A')
  return value === undefined ? '-' : value instanceof Unknown ? '?' : value
}

test.each(phpCases)('%s', (_name, text, wanted, options) => {
  expect(constantA(text, options)).toEqual(wanted)
})

describe('files that are included', () => {
  test('by __DIR__, dirname(__FILE__) and relative names, once', () => {
    const files = { 'conf/a.php': `<?php define('A', 'x'); return ['k' => 'v'];`, 'b.php': `<?php $n = ($n ?? 0) + 1;` }
    expect(constantA(`require __DIR__ . '/conf/a.php';`, {}, files)).toBe('x')
    expect(constantA(`require_once dirname(__FILE__) . '/conf/a.php';`, {}, files)).toBe('x')
    expect(constantA(`if (file_exists(__DIR__ . '/conf/a.php')) { include 'conf/a.php'; } define('A', 'y');`, {}, files)).toBe(
      'x',
    )
    expect(constantA(`$c = include './conf/a.php'; define('B', $c['k']);`, {}, files)).toBe('x')
    expect(constantA(`require_once 'b.php'; require_once './b.php'; define('A', $n);`, {}, files)).toBe(1)
  })

  test('a missing one is passed over, one with a name that is not known leaves a note', () => {
    expect(constantA(`@include 'none.php'; define('A', 'x');`)).toBe('x')
    const outcome = read(`<?php include $_SERVER['DOCUMENT_ROOT'] . '/x.php'; define('A', 'x');`)
    expect(outcome.notes.join()).toContain('whose name is not known')
  })

  test('one that includes itself ends', () => {
    expect(constantA(`include __FILE__; define('A', 'x');`)).toBe('x')
  })

  test('what follows the configuration is not read', () => {
    const outcome = read(
      `<?php define('A', 'x'); require_once ABSPATH . 'wp-settings.php';`,
      { constants: { ABSPATH: `${root}/` }, skip: ['wp-settings.php'] },
      { 'wp-settings.php': `<?php define('B', 1);` },
    )
    expect(outcome.files).toEqual([join(root, 'wp-config.php')])
    expect(outcome.constants.has('B')).toBe(false)
  })
})

test('a hostile configuration does not get files outside of the site shown', () => {
  symlinkSync('/etc/passwd', join(root, 'inside'))
  expect(constantA(`define('A', file_get_contents('/etc/passwd'));`)).toBe('?')
  expect(constantA(`define('A', file_get_contents(__DIR__ . '/inside'));`)).toBe('?')
  expect(constantA(`define('A', trim(file_get_contents(__DIR__ . '/pw')));`, {}, { pw: 's3cret\n' })).toBe('s3cret')
})

test('a script without an end, or too deep, is refused', () => {
  expect(() => read(`<?php function f($x) { return f($x) . f($x); } f(1);`)).toThrow(SyntaxError)
  expect(() => read(`<?php $x = ${'('.repeat(200_000)}1;`)).toThrow(SyntaxError)
  expect(() => read(`<?php define('A', 'no end`)).toThrow(SyntaxError)
})

test('the environment variables that were asked for are told', () => {
  expect(read(`<?php define('A', getenv('HOST')); define('B', $_ENV['OTHER']);`).asked).toEqual(['HOST', 'OTHER'])
})
