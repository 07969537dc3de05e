import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Column, rowsOf, singleOf } from './data.ts'
import { sizeText } from '../../contract/sizeText.ts'
import { durationText, safeText } from './human.ts'
import { type Format, render } from './render.ts'

const columns: Column[] = [
  { name: 'fileName', title: 'File' },
  { name: 'sizeBytes', title: 'Size', look: 'size' },
  { name: 'date', title: 'Date', look: 'time' },
  { name: 'note', title: 'Note', hidden: true },
]
const rows = [
  { fileName: 'a.tar.gz', sizeBytes: 1_240_000, date: '2026-03-01T10:00:00.000Z', note: 'say "hi",\nall' },
  { fileName: 'b\u001b[31m.tar.gz', sizeBytes: 999, date: null, note: null },
]
const data = rowsOf(columns, rows, 'nothing')
const show = (format: Format | null, fields: string[] | null = null, field: string | null = null) =>
  render(data, { format, fields, field, color: false })

test('a table is for people: sizes with units, no hidden columns, nothing that steers a terminal', async () => {
  const text = await show(null)
  expect(text).toContain('1.24 MB')
  expect(text).toMatch(/2026-03-01 \d\d:00/)
  expect(text).toContain('b\\u001b[31m.tar.gz')
  expect(text).not.toContain('Note')
  expect(text.split('\n')).toHaveLength(4)
})

test('machines get every field as it is: bytes, ISO times, null', async () => {
  expect(JSON.parse(await show('json'))).toEqual(rows)
  expect(parse(await show('yaml'))).toEqual(rows)
})

test('csv quotes what has commas, quotes or line ends; tsv writes tabs and line ends out', async () => {
  const csv = await show('csv')
  expect(csv.startsWith('fileName,sizeBytes,date,note\na.tar.gz,1240000,2026-03-01T10:00:00.000Z,"say ""hi"",\nall"\n')).toBe(
    true,
  )
  expect(await show('tsv', ['note', 'sizeBytes'])).toBe('note\tsizeBytes\nsay "hi",\\nall\t1240000\n\t999\n')
})

test('list gives the first field a line, --field one bare value a line, --fields the order that was asked for', async () => {
  expect(await show('list', ['sizeBytes'])).toBe('1240000\n999\n')
  expect(await show(null, null, 'sizebytes')).toBe('1240000\n999\n')
  expect(JSON.parse(await show('json', ['date', 'fileName']))[0]).toEqual({ date: rows[0]?.date, fileName: 'a.tar.gz' })
})

test('a wrong field names the nearest right one', async () => {
  await expect(show('json', ['fileNam'])).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    hint: expect.stringContaining('"fileName"'),
  })
})

test('the one answer of a command is printed bare, unless a format is asked for', async () => {
  const single = singleOf([{ name: 'url', title: 'Link' }], { url: 'http://x' }, 'url')
  expect(await render(single, { format: null, fields: null, field: null, color: false })).toBe('http://x\n')
  expect(await render(single, { format: 'list', fields: null, field: null, color: false })).toBe('url: http://x\n')
})

test('sizes and durations keep three figures and never print 1000', () => {
  expect([0, 999, 1000, 999_499, 999_999, 12_345_678, 3.4e11].map(sizeText)).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '999 kB',
    '1.00 MB',
    '12.3 MB',
    '340 GB',
  ])
  expect([0.42, 12, 59.7, 185, 7620].map(durationText)).toEqual(['0.4 s', '12 s', '1 min 00 s', '3 min 05 s', '2 h 07 min'])
  expect(safeText('a\u202eb')).toBe('a\\u202eb')
})
