import { expect, test } from 'vitest'
import { withoutSecrets } from './reportOf.ts'

test('what looks like a secret is not in a report', () => {
  const said = withoutSecrets(
    [
      'token cairn_01JB2C3D4E5F6G7H8J9KMNPQRS_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
      'GET https://user:hunter2@example.org/a.tar.gz?X-Amz-Signature=abc123&part=1',
      "define('DB_PASSWORD', 'x'); password=hunter2 next",
      'https://cairn.example.org/download/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789/blog.sql.gz',
    ].join('\n'),
  )
  for (const secret of ['abcdefghijkl', 'hunter2', 'abc123', 'AbCdEfGhIj']) expect(said).not.toContain(secret)
  expect(said).toContain('part=1')
})
