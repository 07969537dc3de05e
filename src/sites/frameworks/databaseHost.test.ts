import { expect, test } from 'vitest'
import { parseDatabaseHost } from './databaseHost.ts'

test.each<[string, string | null, number | null, string | null]>([
  ['localhost', 'localhost', null, null],
  ['db.example:3307', 'db.example', 3307, null],
  ['localhost:/run/mysqld/mysqld.sock', 'localhost', null, '/run/mysqld/mysqld.sock'],
  [':/tmp/s.sock', null, null, '/tmp/s.sock'],
  ['127.0.0.1:3306:/tmp/s.sock', '127.0.0.1', 3306, '/tmp/s.sock'],
  ['[::1]:3306', '::1', 3306, null],
  ['::1', '::1', null, null],
  ['[2001:db8::1]', '2001:db8::1', null, null],
  [':3307', null, 3307, null],
  ['', null, null, null],
])('parseDatabaseHost(%j)', (text, host, port, socket) => {
  expect(parseDatabaseHost(text)).toEqual({ host, port, socket })
})
