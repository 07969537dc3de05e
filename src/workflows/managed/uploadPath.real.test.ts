import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMariadb, type TestMariadb } from '../../../test/servers/mariadb.ts'
import { settleUploadPath } from './uploadPath.ts'

let directory: string
let mariadb: TestMariadb
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-upload-path-'))
  mariadb = await startMariadb(join(directory, 'mariadb'))
  await mariadb.admin(
    `CREATE DATABASE shop; CREATE TABLE shop.wp_options (option_name varchar(191), option_value longtext);
     INSERT INTO shop.wp_options VALUES ('upload_path', '')`,
  )
})
afterAll(async () => {
  await mariadb?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test.each([
  ['', null, ''],
  ['wp-content/uploads', null, 'wp-content/uploads'],
  ['assets/media/', 'assets/media', 'assets/media/'],
  ['/home/old/public_html/wp-content/uploads', null, ''],
  [String.raw`C:\\inetpub\\uploads`, null, ''],
])('the option upload_path "%s" leads to %s', async (option, at, kept) => {
  await mariadb.admin(`UPDATE shop.wp_options SET option_value='${option}'`)
  const credentials = { host: 'localhost', port: null, socket: mariadb.socket, user: 'root', password: '', database: 'shop' }
  const said: string[] = []
  const tables = { credentials, tablePrefix: 'wp_', say: (sentence: string) => void said.push(sentence) }
  expect(await settleUploadPath(tables)).toBe(at)
  expect((await mariadb.admin('SELECT option_value FROM shop.wp_options')).trim()).toBe(kept)
  expect(said).toEqual(kept === option ? [] : [expect.stringContaining('is empty now')])
  expect(await settleUploadPath({ ...tables, tablePrefix: 'other_' })).toBeNull()
})
