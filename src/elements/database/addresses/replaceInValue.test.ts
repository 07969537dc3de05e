import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksSerialized, walkSerialized } from './phpSerialized.ts'
import { replaceInValue } from './replaceInValue.ts'
import { makeReplacer } from './replacer.ts'

const replacer = makeReplacer({ pairs: [{ from: 'https://old.com', to: 'https://longer.example/x' }] })
const s = (text: string): string => `s:${Buffer.byteLength(text)}:"${text}";`

function become(text: string | Buffer): string {
  const before = typeof text === 'string' ? Buffer.from(text) : text
  const once = replaceInValue(before, replacer)
  expect(replaceInValue(once.value, replacer).value.equals(once.value)).toBe(true)
  return once.value.toString('latin1')
}

const old = 'https://old.com'
const now = 'https://longer.example/x'

test('a string gets its length in bytes, also where it is all there is', () => {
  expect(become(s(`é ${old}`))).toBe(Buffer.from(s(`é ${now}`)).toString('latin1'))
  expect(become(`${s(old)}\n`)).toBe(`${s(now)}\n`)
})

test('objects of any class keep their private names, references and enums', () => {
  const object = (url: string): string =>
    `O:3:"Foo":5:{${s('\0Foo\0url')}${s(url)}${s('\0*\0b')}R:2;s:1:"c";r:1;s:1:"d";E:11:"Suit:Hearts";s:1:"e";d:-1.5E-7;}`
  expect(become(object(old))).toBe(object(now))
})

test('a serialized string in a string gets both lengths', () => {
  expect(become(s(s(s(old))))).toBe(s(s(s(now))))
  expect(become(`a:1:{i:0;${s(`a:1:{${s('k')}${s(old)}}`)}}`)).toBe(`a:1:{i:0;${s(`a:1:{${s('k')}${s(now)}}`)}}`)
})

test('the payload of C: is replaced where it parses, else left and named', () => {
  const custom = (payload: string): string => `C:3:"Foo":${payload.length}:{${payload}}`
  expect(become(custom(s(old)))).toBe(custom(s(now)))
  const opaque = replaceInValue(Buffer.from(custom(`x:i:0;${old}`)), replacer)
  expect(opaque).toMatchObject({ count: 0, needsLook: true })
  expect(opaque.value.toString()).toBe(custom(`x:i:0;${old}`))
})

test('escaped strings (S) are counted by what they mean', () => {
  expect(become(String.raw`S:17:"\c3\a9${old}";`)).toBe(String.raw`S:26:"\c3\a9${now}";`)
})

test('keys follow, unless that would make two of them one; names of a class do not', () => {
  expect(become(`a:1:{${s(old)}i:1;}`)).toBe(`a:1:{${s(now)}i:1;}`)
  const twins = Buffer.from(`a:2:{${s(old)}i:1;${s(now)}i:2;}`)
  expect(replaceInValue(twins, replacer)).toMatchObject({ value: twins, count: 0, needsLook: true })
  const secret = Buffer.from(`O:3:"Foo":1:{${s(`\0Foo\0${old}`)}i:1;}`)
  expect(replaceInValue(secret, replacer)).toMatchObject({ value: secret, count: 0 })
  expect(become(`{"${old}":1,"b":{"${now}":2}}`)).toBe(`{"${now}":1,"b":{"${now}":2}}`)
  expect(replaceInValue(Buffer.from(`{"${old}":1,"${now}":2}`), replacer)).toMatchObject({ count: 0, needsLook: true })
})

test.each([
  `a:2:{i:0;${s(old)}}`,
  `a:1:{i:0;${s(old)}}tail`,
  `s:3:"${old}";`,
  `O:3:"Foo":1:{s:1:"a";${s(old)}`,
  `a:1:{i:0;s:99:"${old}";}`,
  `a:99999999999:{i:0;${s(old)}}`,
])('%s is no value: left alone and named', (text) => {
  const value = Buffer.from(text)
  expect(replaceInValue(value, replacer)).toMatchObject({ value, count: 0, needsLook: true, form: 'unreadable' })
})

test('a broken string within a value is left alone, and the others are replaced', () => {
  const broken = `a:1:{i:0;${old}`
  const result = replaceInValue(Buffer.from(`a:2:{i:0;${s(broken)}i:1;${s(old)}}`), replacer)
  expect(result).toMatchObject({ count: 1, needsLook: true })
  expect(result.value.toString()).toBe(`a:2:{i:0;${s(broken)}i:1;${s(now)}}`)
})

test('JSON keeps its way of escaping, its blanks and its numbers, byte for byte', () => {
  const document = (url: string): string => String.raw`{ "a" : "\u00e9 ${url}", "n":1.50e+3 ,"t":"\ud83d\ude00é" , "u" : [ ] }`
  expect(become(document(String.raw`https:\/\/old.com\/`))).toBe(
    Buffer.from(document(String.raw`https:\/\/longer.example\/x\/`)).toString('latin1'),
  )
  expect(become(document(old))).toBe(Buffer.from(document(now)).toString('latin1'))
  expect(become(document(String.raw`https:\u002f\u002fold.com`))).toContain(String.raw`https:\u002f\u002flonger.example\u002fx`)
})

test('serialized text in JSON, and JSON in serialized text, get their lengths', () => {
  const inner = (url: string): string => JSON.stringify({ v: `a:1:{i:0;${s(url)}}`, w: JSON.stringify([url]) })
  expect(become(inner(old))).toBe(inner(now))
  expect(become(s(inner(old)))).toBe(s(inner(now)))
})

test('text that only begins like JSON is text', () => {
  expect(become(`{not json ${old}}`)).toBe(`{not json ${now}}`)
  expect(become(`["a",] ${old}`)).toBe(`["a",] ${now}`)
})

test('serialized strings glued into other text get their lengths: sessions, attributes, quoted code', () => {
  expect(become(`uid|i:1;data|a:1:{i:0;${s(old)}}`)).toBe(`uid|i:1;data|a:1:{i:0;${s(now)}}`)
  expect(become(`x='a:1:{i:0;s:15:\\"${old}\\";}' ${old}`)).toBe(`x='a:1:{i:0;s:24:\\"${now}\\";}' ${now}`)
  expect(become(`<p data="s:15:&quot;${old}&quot;;">${old}`)).toBe(`<p data="s:24:&quot;${now}&quot;;">${now}`)
  expect(become(`k|${s(s(old))}`)).toBe(`k|${s(s(now))}`)
})

test('bytes that are no text survive around a match', () => {
  const before = Buffer.concat([Buffer.from([0, 255, 254, 10]), Buffer.from(old), Buffer.from([128, 0])])
  const after = Buffer.concat([Buffer.from([0, 255, 254, 10]), Buffer.from(now), Buffer.from([128, 0])])
  expect(replaceInValue(before, replacer).value.equals(after)).toBe(true)
})

test('what holds no address comes back as the same buffer', () => {
  const value = Buffer.from(`a:1:{i:0;${s('https://other.com')}}`)
  expect(replaceInValue(value, replacer).value).toBe(value)
})

test('nesting of any depth is read without a stack, and an end is set to strings in strings', () => {
  const arrays = (depth: number): string => 'a:1:{i:0;'.repeat(depth) + s(old) + '}'.repeat(depth)
  expect(become(arrays(10_000))).toBe(arrays(10_000).replace(s(old), s(now)))
  expect(replaceInValue(Buffer.from(arrays(1_000_000)), replacer)).toMatchObject({ count: 0, needsLook: true })
  expect(become('['.repeat(10_000) + `"${old}"` + ']'.repeat(10_000))).toContain(now)
  let strings = s(old)
  for (let depth = 0; depth < 500; depth++) strings = s(strings)
  expect(replaceInValue(Buffer.from(strings), replacer)).toMatchObject({ count: 0, needsLook: true })
})

test('hostile bytes never make it throw, and what it does not change it gives back', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'a:1:{',
      'O:3:"Foo":1:{',
      's:15:"',
      'S:3:"\\',
      'C:1:"a":9:{',
      'i:0;',
      '}',
      '";',
      'E:',
      'R:1;',
      '{"',
      '":"',
      '\\u00',
      '["',
    ),
    fc.constantFrom(old, s(old), '\\/\\/old.com', '%2F%2Fold.com', 'd:1.', 'N;', 'a:999999999:{', 's:-1:"', '\0', '&quot;'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const value = Buffer.from(parts.join(''))
      const result = replaceInValue(value, replacer)
      if (result.count === 0) expect(result.value).toBe(value)
      else expect(result.value.length - value.length).toBeGreaterThanOrEqual(result.count * (now.length - old.length))
    }),
    { numRuns: 3000, seed: 4 },
  )
})

test('every cut and every changed byte of a value is told from the value', () => {
  const text = `a:3:{i:0;${s(old)}s:1:"k";O:1:"A":1:{s:1:"p";d:0.5;}i:5;b:1;}`
  const reads = (value: string): boolean => walkSerialized(value, 0, value.length, () => {})
  expect(reads(text)).toBe(true)
  for (let cut = 0; cut < text.length; cut++) expect(reads(text.slice(0, cut))).toBe(false)
  for (let at = 0; at < text.length; at++)
    if (':{}";'.includes(text.charAt(at)) && !text.startsWith('https://', at - 5)) {
      expect(reads(`${text.slice(0, at)}#${text.slice(at + 1)}`)).toBe(false)
    }
})

test('only what PHP would read as strings, arrays or objects looks serialized', () => {
  for (const text of ['a:1:{', ' O:3:"Foo":0:{}', 's:0:"";', 'C:1:"A":0:{}', 'E:3:"A:B";'])
    expect(looksSerialized(text)).toBe(true)
  for (const text of ['a: 1', 'i:5;', 'as:1:"', 'N;', 'style:1', 's:"x"', '']) expect(looksSerialized(text)).toBe(false)
})
