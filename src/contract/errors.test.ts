import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errors } from './errors.ts'

const page = join(import.meta.dirname, '../../docs/errors.md')

/** `CAIRN_UPDATE=1 npm test` writes the page anew. */
test('docs/errors.md lists every code with its status, exit code and meaning', () => {
  const rows = Object.entries(errors).map(([code, { status, exit, means }]) => `| \`${code}\` | ${status} | ${exit} | ${means} |`)
  const text = `# Errors

Every failure has a code that never changes its meaning. The command line prints \`message (CODE)\` and a hint and ends with the exit
code; the API answers \`application/problem+json\` with \`code\`, \`detail\` and \`hint\`. Exit codes: 0 done, 1 failed, 2 wrong usage or
refused before anything was changed, 3 done with warnings, 4 not found, 5 not allowed, 6 confirmation needed, 7 busy, 8 integrity
check failed, 9 the time to wait is over, 130 interrupted. Take an exit code that is not listed for a failure.

| code | HTTP | exit | means |
|---|---|---|---|
${rows.join('\n')}
`
  if (process.env['CAIRN_UPDATE'] === '1') writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})
