import { expect, test } from 'vitest'
import { applyEdits } from './edits.ts'
import { type ReplacerOptions, makeReplacer } from './replacer.ts'

const bytes = (text: string): string => Buffer.from(text).toString('latin1')
const shown = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

/** The text as it becomes; a second run must change nothing. */
function become(text: string, options: ReplacerOptions): string {
  const replacer = makeReplacer(options)
  const once = applyEdits(bytes(text), replacer.find(bytes(text)))
  expect(applyEdits(once, replacer.find(once))).toBe(once)
  if (once !== bytes(text)) expect(replacer.anchors(bytes(text))).not.toEqual([])
  return shown(once)
}

const pair = (from: string, to: string, more: Partial<ReplacerOptions> = {}): ReplacerOptions => ({
  pairs: [{ from, to }],
  ...more,
})
const plain = pair('https://old.com', 'https://new.org')

test.each([
  ['https://old.com/a', 'https://new.org/a'],
  ['http://old.com', 'https://new.org'],
  ['HTTP://OLD.com/A', 'https://new.org/A'],
  ['src="//old.com/x.js"', 'src="//new.org/x.js"'],
  [String.raw`http:\/\/old.com\/a`, String.raw`https:\/\/new.org\/a`],
  [String.raw`\\\/\\\/old.com\\\/a`, String.raw`\\\/\\\/new.org\\\/a`],
  [String.raw`http:\u002F\u002Fold.com\u002Fa`, String.raw`https:\u002F\u002Fnew.org\u002Fa`],
  ['u=https%3A%2F%2Fold.com%2Fa', 'u=https%3A%2F%2Fnew.org%2Fa'],
  ['u=http%3a%2f%2fold.com%2fa', 'u=https%3a%2f%2fnew.org%2fa'],
  ['u=https%253A%252F%252Fold.com', 'u=https%253A%252F%252Fnew.org'],
  ['https:&#x2F;&#x2F;old.com&#x2F;a', 'https:&#x2F;&#x2F;new.org&#x2F;a'],
  ['ws://old.com, ftp://u:p@old.com', 'ws://new.org, ftp://u:p@old.com'],
  ['Read http://old.com. Or http://old.com...', 'Read https://new.org. Or https://new.org...'],
  ['https://old.comを見る', 'https://new.orgを見る'],
  ['http://old.com,http://old.com;//old.com', 'https://new.org,https://new.org;//new.org'],
  [String.raw`"\nhttp:\/\/old.com"`, String.raw`"\nhttps:\/\/new.org"`],
])('%s becomes %s', (before, after) => expect(become(before, plain)).toBe(after))

test.each([
  'https://notold.com',
  'https://old.com.evil',
  'https://www.old.com',
  'https://old.com-x.org',
  'https://old.com_x',
  'https://old.com:8080/',
  'https%3A%2F%2Fold.com%3A8080',
  'https://old.com@evil.org',
  'me@old.com',
  'old.com',
  'https://cdn.org/old.com/a',
])('%s is another address', (text) => expect(become(text, plain)).toBe(text))

test('the scheme of the target is used; without one an occurrence keeps its own', () => {
  expect(become('http://old.com https://old.com //old.com', pair('https://old.com', 'http://new.org'))).toBe(
    'http://new.org http://new.org //new.org',
  )
  expect(become('http://old.com https://old.com', pair('old.com', 'new.org'))).toBe('http://new.org https://new.org')
  expect(become('http://old.com/ https://old.com/', pair('http://old.com', 'https://old.com'))).toBe(
    'https://old.com/ https://old.com/',
  )
})

test('ports belong to an address, in every spelling', () => {
  const to = pair('http://old.com', 'http://dev-site.localhost:8080')
  expect(become('http://old.com/a', to)).toBe('http://dev-site.localhost:8080/a')
  expect(become('http%3A%2F%2Fold.com', to)).toBe('http%3A%2F%2Fdev-site.localhost%3A8080')
  expect(become('%2f%2fold.com', to)).toBe('%2f%2fdev-site.localhost%3a8080')
  const from = pair('http://dev-site.localhost:8080', 'https://old.com')
  expect(become('http://dev-site.localhost:8080/a //dev-site.localhost:80801 http://dev-site.localhost', from)).toBe(
    'https://old.com/a //dev-site.localhost:80801 http://dev-site.localhost',
  )
  expect(become('http%3A%2F%2Fdev-site.localhost%3A8080%2Fa', from)).toBe('https%3A%2F%2Fold.com%2Fa')
  expect(become('http://old.com', pair('http://old.com', 'http://old.com:8080'))).toBe('http://old.com:8080')
})

test('the longest address wins, in one pass, and a path ends where a name ends', () => {
  const options: ReplacerOptions = {
    pairs: [
      { from: 'https://old.com', to: 'https://new.org' },
      { from: 'https://old.com/blog', to: 'https://old.com.test' },
      { from: 'https://old.com/blog/en', to: 'https://en.test/x' },
    ],
  }
  expect(become('https://old.com/blog https://old.com/blog/en/a https://old.com/blogger https://old.com/a', options)).toBe(
    'https://old.com.test https://en.test/x/a https://new.org/blogger https://new.org/a',
  )
  expect(become('https%3A%2F%2Fold.com%2Fblog%2Fen%3Fa https%3A%2F%2Fold.com%2Fblog%C3%A9', options)).toBe(
    'https%3A%2F%2Fen.test%2Fx%3Fa https%3A%2F%2Fnew.org%2Fblog%C3%A9',
  )
  expect(become('https://old.com/blog.php https://old.com/blog. https://old.com/blog?x', options)).toBe(
    'https://new.org/blog.php https://old.com.test. https://old.com.test?x',
  )
})

test('two addresses can be swapped in one pass', () => {
  const { find } = makeReplacer({
    pairs: [
      { from: 'http://a.com', to: 'http://b.com' },
      { from: 'http://b.com', to: 'http://a.com' },
    ],
  })
  expect(applyEdits('http://a.com http://b.com', find('http://a.com http://b.com'))).toBe('http://b.com http://a.com')
})

test.each([
  ['https://old.com', 'https://old.com/dev'],
  ['https://old.com', 'https://dev.old.com'],
  ['https://old.com/a', 'https://old.com/a/b'],
  ['https://old.com', 'https://old.com.test'],
  ['https://old.com', 'https://old.com:8443'],
])('%s to %s: a second run changes nothing, in any spelling', (from, to) => {
  const spell = (url: string): string =>
    [url, url.replace('https:', ''), url.replaceAll('/', '\\/'), encodeURIComponent(url), `${url}/x`].join(' ')
  expect(become(spell(from), pair(from, to))).toBe(spell(to))
  expect(become(`${spell(from)} ${spell(to)}`, pair(from, to))).toBe(`${spell(to)} ${spell(to)}`)
})

test('a bare host is replaced only when chosen, with boundaries', () => {
  const bare = pair('https://old.com', 'https://new.org:81/x', { bareHosts: true })
  expect(become('old.com, (old.com) host=old.com;', bare)).toBe('new.org:81/x, (new.org:81/x) host=new.org:81/x;')
  for (const text of ['notold.com', 'old.com.evil', 'me@old.com', 'me%40old.com', '/var/www/old.com/a', 'old.com:99']) {
    expect(become(text, bare)).toBe(text)
  }
  expect(become('me@old.com old.com', pair('old.com', 'new.org:81', { emails: true }))).toBe('me@new.org old.com')
})

test('directories move, and not those that only begin or end alike', () => {
  const options: ReplacerOptions = { pairs: [], directories: [{ from: '/var/www/old.com', to: '/srv/new/' }] }
  expect(become('/var/www/old.com/wp-content "/var/www/old.com" file:///var/www/old.com', options)).toBe(
    '/srv/new/wp-content "/srv/new" file:///srv/new',
  )
  expect(become(String.raw`\/var\/www\/old.com\/a %2Fvar%2Fwww%2Fold.com%2Fa`, options)).toBe(
    String.raw`\/srv\/new\/a %2Fsrv%2Fnew%2Fa`,
  )
  for (const text of [
    '/data/var/www/old.com',
    '/var/www/old.com.bak',
    '/var/www/old.com2',
    '/var/www/OLD.com',
    'var/www/old.com',
  ]) {
    expect(become(text, options)).toBe(text)
  }
  const deeper: ReplacerOptions = { pairs: [], directories: [{ from: '/srv/a', to: '/srv/a/code' }] }
  expect(become('/srv/a/x /srv/a', deeper)).toBe('/srv/a/code/x /srv/a/code')
})

test('international names are found as they are typed and as they are sent', () => {
  expect(
    become('http://bücher.example/a http://xn--bcher-kva.example/a', pair('https://bücher.example', 'https://new.org')),
  ).toBe('https://new.org/a https://new.org/a')
  expect(become('http://old.com', pair('old.com', 'https://bücher.example'))).toBe('https://bücher.example')
})

test.each(['', 'http://', 'https://a b', '/path', 'https://user@old.com', 'ftp://old.com', "old.com/'x"])(
  '"%s" is refused as an address',
  (from) => expect(() => makeReplacer(pair(from, 'https://new.org'))).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' })),
)

test.each(['relative/path', '/', "/a'b"])('"%s" is refused as a directory', (from) =>
  expect(() => makeReplacer({ pairs: [], directories: [{ from, to: '/srv' }] })).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID' }),
  ),
)
