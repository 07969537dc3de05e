import { expect, test } from 'vitest'
import { parseEnvironmentName, parseSiteName } from '../names.ts'
import { checkOthers } from './checkOthers.ts'

const database = {
  host: null,
  port: null,
  socket: '/run/mysqld.sock',
  user: 'u',
  password: 'p',
  database: 'shop',
  charset: 'utf8mb4',
}
const live = {
  ...{ id: 'A' as never, site: parseSiteName('shop'), name: parseEnvironmentName('live') },
  ...{ codeRoot: '/srv/shop', filesDirectory: '/srv/shop/uploads', database, tablePrefix: 'wp_' },
}

test('a copy that still uses the database of the original is told, and so is a directory that is attached twice', () => {
  const copy = {
    ...live,
    id: 'B' as never,
    name: parseEnvironmentName('dev'),
    codeRoot: '/srv/copy',
    filesDirectory: '/srv/copy/uploads',
  }
  expect(checkOthers(copy, [live, copy]).map(({ level, message }) => [level, message])).toEqual([
    ['warning', '"shop.live" has the same database: a restore of one of them changes both'],
  ])
  expect(checkOthers({ ...copy, tablePrefix: 'dev_' }, [live])).toEqual([])
  const twice = { ...live, id: 'C' as never }
  expect(checkOthers(twice, [live])[0]?.message).toContain(
    'the same database and the same directory and the same files directory',
  )
})
