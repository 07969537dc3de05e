import { afterAll, expect, test } from 'vitest'
import { changeOf } from './cellChange.ts'
import { openCells } from './cells.ts'
import { makeReplacer } from './replacer.ts'
import { sampleOf } from './report.ts'
import type { Column } from './tableShape.ts'

const options = { pairs: [{ from: 'http://old.example.com', to: 'https://new.example.org' }] }
const replacer = makeReplacer(options)
const cells = openCells(replacer, options)
const column: Column = {
  name: 'v',
  type: 'longtext',
  charset: 'utf8mb4',
  holds: 'text',
  isGenerated: false,
  followsUpdates: false,
}

afterAll(() => cells.close())

const bytes = 4 << 20
const pages = Array.from({ length: bytes / 40 }, (_, i) => `http://old.example.com/page/${i}`)
const string = (text: string): string => `s:${text.length}:"${text}";`
const large: [string, string][] = [
  ['text', pages.join(' ')],
  ['serialized', `a:${pages.length}:{${pages.map((page, i) => `i:${i};${string(page)}`).join('')}}`],
  ['JSON without an escape', JSON.stringify(pages.map((u) => ({ u })))],
  ['text without an address', 'nothing '.repeat(bytes / 8)],
  ['what cannot be read', `a:9:{${pages.map(string).join('')}`],
]

test.each(large)('a large cell of %s becomes what a small one would, and nobody waits for it', async (_name, text) => {
  const value = Buffer.from(text)
  let ticks = 0
  const watch = setInterval(() => (ticks += 1), 1)
  const began = performance.now()
  const changed = await cells.change(column, [value])
  const tookMs = performance.now() - began
  clearInterval(watch)
  if (tookMs > 100) expect(ticks).toBeGreaterThan(0)
  const here = changeOf(column, [value], replacer)
  expect(changed.kind).toBe(here.kind)
  if (!('before' in changed) || !('before' in here)) return
  expect(changed.replaced.value.equals(here.replaced.value)).toBe(true)
  expect({ ...changed.replaced, value: null, edits: null }).toEqual({ ...here.replaced, value: null, edits: null })
  const sample = ({ before, replaced }: typeof here) => sampleOf(null, before, replaced.value, replaced.edits)
  expect(sample(changed)).toEqual(sample(here))
})
