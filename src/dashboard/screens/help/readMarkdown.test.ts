import { expect, test } from 'vitest'
import { anchorOf, readMarkdown } from './readMarkdown.ts'

test('headings get the addresses that links on GitHub use, and pages lead to each other', async () => {
  expect(anchorOf('A restore was refused')).toBe('a-restore-was-refused')
  const html = await readMarkdown(
    '## Nothing answers\n\nSee [errors](errors.md#x) and [more](https://example.org).\n\n<script>1</script>',
  )
  expect(html).toContain('<h2 id="nothing-answers">')
  expect(html).toContain('href="/help/errors#x"')
  expect(html).not.toContain('<script>')
})
