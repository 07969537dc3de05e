import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listText } from './elements.ts'
import { sizeText } from '../../contract/sizeText.ts'
import { plural } from './count.ts'
import { agoText, durationText, spanText, utcText } from './time.ts'
import { anchorOf } from '../screens/help/readMarkdown.ts'
import { workflowKinds } from '../../contract/words.ts'
import { errors } from '../../contract/errors.ts'
import { troubleshootingAnchor, workflowTitle } from './workflow.ts'

const now = Date.parse('2026-03-01T12:00:00Z')

test('moments are told by how far away they are', () => {
  expect(agoText('2026-03-01T11:59:30Z', now)).toBe('just now')
  expect(agoText('2026-03-01T09:00:00Z', now)).toBe('3 hours ago')
  expect(agoText('2026-03-06T12:00:00Z', now)).toBe('in 5 days')
  expect(spanText(3_600_000)).toBe('1 hour')
  expect(utcText('2026-03-01T12:00:00.123Z')).toBe('2026-03-01 12:00:00 UTC')
})

test('sizes and durations are written as the command line writes them', () => {
  expect([0, 999, 1240, 12_400_000, 340e9].map(sizeText)).toEqual(['0 B', '999 B', '1.24 kB', '12.4 MB', '340 GB'])
  expect([400, 12_000, 185_000, 7_620_000].map(durationText)).toEqual(['0.4 s', '12 s', '3 min 05 s', '2 h 07 min'])
})

test('lists and counts are words', () => {
  expect(listText(['code', 'files', 'database'])).toBe('code, files and database')
  expect(plural(1, 'entry', 'entries')).toBe('1 entry')
})

test('a kind of workflow that a newer server knows has a name all the same', () => {
  expect(workflowTitle('rotate_keys')).toBe('Rotate keys')
})

test('whatever fails leads to a part of the troubleshooting page that is there', () => {
  const page = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8')
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => anchorOf(title))
  for (const kind of workflowKinds) {
    for (const code of Object.keys(errors)) {
      const failure = { code, message: '', hint: null, retry: 'never' as const }
      expect(headings).toContain(troubleshootingAnchor({ kind, failure }))
    }
  }
  const fetched = { code: 'FETCH_FAILED', message: '', hint: null, retry: 'never' as const }
  expect(troubleshootingAnchor({ kind: 'import', failure: fetched })).toBe('an-import-failed')
})
