import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPhp } from '../php/readPhp.ts'
import { clientFlags, tlsOfWordPress } from './wordpressTls.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'cairn-tls-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function read(code: string): { tls: string | null; notes: string[] } {
  const config = join(root, 'wp-config.php')
  writeFileSync(config, `<?php ${code}`)
  const { constants } = readPhp(config, { constants: clientFlags, environment: null, reveal: [root] })
  const notes: string[] = []
  return { tls: tlsOfWordPress(constants, root, notes), notes }
}

test.each([
  ['MYSQLI_CLIENT_SSL', 'verified'],
  ['MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT', 'required'],
  ['MYSQLI_CLIENT_COMPRESS', null],
])('MYSQL_CLIENT_FLAGS %s is TLS %s', (flags, tls) => {
  expect(read(`define('MYSQL_CLIENT_FLAGS', ${flags});`)).toEqual({ tls, notes: [] })
})

test('flags that are not known are a note', () => {
  expect(read(`define('MYSQL_CLIENT_FLAGS', flags());`)).toEqual({ tls: null, notes: [expect.stringContaining('flags()')] })
})

test('DB_SSL counts where a drop-in reads it', () => {
  expect(read(`define('DB_SSL', true);`).tls).toBeNull()
  writeFileSync(join(root, 'db.php'), '<?php')
  expect(read(`define('DB_SSL', true);`).tls).toBe('required')
})
