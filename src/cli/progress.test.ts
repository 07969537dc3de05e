import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { makeContext } from './context.ts'
import { progressText, progressView } from './progress.ts'

const never = async (): Promise<never> => expect.unreachable()

function screen(tty: boolean, quiet = false) {
  const lines: string[] = []
  const context = makeContext(
    {
      env: {},
      cwd: '/',
      stdin: Readable.from([]),
      interactive: tty,
      outIsTty: false,
      errIsTty: tty,
      columns: () => 60,
      out: () => expect.unreachable('progress is no data'),
      err: (text) => void lines.push(text),
      ask: { confirm: never, text: never, password: never },
      onInterrupt: () => () => {},
    },
    { format: null, fields: null, field: null, yes: false, quiet, color: true, interaction: true },
  )
  let at = 0
  const view = progressView(context, () => at)
  for (at = 0; at <= 30_000; at += 50) view.show({ title: 'files', doneBytes: at * 1000, totalBytes: 60_000_000 })
  view.clear()
  context.done('step\u001b')
  return lines
}

test('a terminal gets one line that is drawn again, never wider than it is', () => {
  const lines = screen(true)
  expect(lines.length).toBeGreaterThan(250)
  expect(
    lines.slice(0, -1).every((line) => line.startsWith('\r\u001b[2K') && !line.includes('\n') && line.length <= 60 + 5),
  ).toBe(true)
  expect(lines.slice(-2)).toEqual(['\r\u001b[2K', '\u001b[32m✓\u001b[39m step\\u001b\n'])
})

test('elsewhere a plain line comes every ten seconds; --quiet shows none', () => {
  expect(screen(false)).toEqual([
    'files  16 %  10.0 MB of 60.0 MB  1.00 MB/s  50 s left\n',
    'files  33 %  20.0 MB of 60.0 MB  1.00 MB/s  40 s left\n',
    'files  50 %  30.0 MB of 60.0 MB  1.00 MB/s  30 s left\n',
    '✓ step\\u001b\n',
  ])
  expect(screen(false, true)).toEqual([])
})

test('what is not known is left out', () => {
  expect(progressText({ title: 'scan', doneBytes: 0, totalBytes: null, doneItems: 7, note: 'a\u001bb' }, null, true)).toBe(
    'scan  7 items  a\\u001bb',
  )
  expect(progressText({ title: 'x', doneBytes: 5, totalBytes: 10 }, null, true)).toBe(
    `x  ${'█'.repeat(10)}${'░'.repeat(10)} 50 %  5 B of 10 B`,
  )
})
