import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startPrivateMariadb } from '../runtime/mysql/privateMariadb.ts'
import { openPhpRuntime } from '../runtime/php/openPhpRuntime.ts'
import { passableDirectory, testEnvironment, type TestEnvironment } from '../runtime/testing.suite.ts'
import type { PrivateMysql } from '../runtime/types.ts'
import type { Served } from './served.ts'
import { startGateway } from './startGateway.ts'

const attack = readFileSync(join(import.meta.dirname, 'attack.php'), 'utf8')

test('the code of a hostile site gets nothing of Cairn, of the machine, or of its neighbours', async () => {
  const top = passableDirectory('attack')
  onTestFinished(() => top.remove())
  const data = top.path
  layOutData(data)
  const mysql = await startPrivateMariadb({ directory: join(data, 'mysql'), log: () => {} })
  onTestFinished(() => mysql.stop())
  const runtime = await openPhpRuntime({ directory: join(data, 'run/php'), log: () => {} })
  onTestFinished(() => runtime.stop())
  const own = await makeSite(data, mysql, 'dev', 200_031, 'own')
  const other = await makeSite(data, mysql, 'test', 200_032, 'other')
  const find = async (host: string): Promise<Served> => ({
    place: (host.startsWith('dev') ? own : other).place,
    framework: 'wordpress',
    docroot: '',
    isHttps: false,
  })
  const listen = { host: '127.0.0.1', port: 0 }
  const gateway = await startGateway({ listen, find, pools: runtime, bodies: join(data, 'bodies'), log: () => {} })
  onTestFinished(() => gateway.close())
  // the neighbour's PHP runs: its socket is there
  expect(await fetchText(gateway.port, 'test', '/')).toBe('code of test')

  const of = {
    data,
    own: own.place.directory,
    other: other.place.directory,
    pid: process.pid,
    port: mysql.port,
    mysql: mysql.socket,
    mysqlPid: mysql.pid,
    otherPid: (JSON.parse(readFileSync(join(data, 'run/php', other.place.id, 'master.json'), 'utf8')) as { pid: number }).pid,
    run: join(data, 'run/php', own.place.id),
    otherSocket: runtime.forEnvironment(other.place).socket,
  }
  const query = encodeURIComponent(Buffer.from(JSON.stringify(of)).toString('base64'))
  const got = JSON.parse(await fetchText(gateway.port, 'dev', `/attack.php?of=${query}`)) as Record<string, string>

  const controls = {
    'control: its own upload': 'GOT mine of dev',
    'control: its own schema': 'GOT [["7"]]',
    'control: a program of the machine': 'GOT ran',
  }
  expect(got).toEqual({ ...Object.fromEntries(Object.keys(got).map((name) => [name, 'nothing'])), ...controls })
  expect(Object.keys(got).length).toBeGreaterThan(65)
  expect(existsSync(join(own.place.directory, 'maintenance'))).toBe(false)
  // nobody of those whom it tried to end or to change has noticed
  expect(await fetchText(gateway.port, 'test', '/')).toBe('code of test')
  expect(await tablesOf(mysql)).toEqual(['c_other.t', 'c_own.t', 'c_own.words'])
  // what it put among its uploads is neither run nor followed
  expect(await fetchText(gateway.port, 'dev', '/wp-content/uploads/link/releases/000001/environment.json')).not.toContain(
    'checkSecret',
  )
  expect(await fetchText(gateway.port, 'dev', '/')).toBe('code of dev')
})

/** What stands in a data directory, with the modes that it has there. */
function layOutData(data: string): void {
  for (const name of ['applies', 'postgres/socket', 'bodies', 'intake', 'locks', 'sites/shop/repository.git']) {
    mkdirSync(join(data, name), { recursive: true })
    writeFileSync(join(data, name, 'something'), 'of Cairn')
    chmodSync(join(data, name), 0o700)
  }
  chmodSync(join(data, 'postgres'), 0o711)
  chmodSync(join(data, 'postgres/socket'), 0o700)
  createServer().listen(join(data, 'postgres/socket/.s.PGSQL.5432')).unref()
  for (const name of ['repository.key', 'token']) writeFileSync(join(data, name), 'secret', { mode: 0o600 })
  for (const name of ['sites', 'sites/shop', 'run']) mkdirSync(join(data, name), { mode: 0o711, recursive: true })
  for (const name of ['sites', 'sites/shop']) chmodSync(join(data, name), 0o711)
}

async function makeSite(data: string, mysql: PrivateMysql, name: string, uid: number, tag: string): Promise<TestEnvironment> {
  const environment = testEnvironment(data, name, uid)
  const schema = `c_${tag}`
  const account = { user: `r_${tag}`, password: `password of ${tag}`, schema }
  await mysql.createSchema(schema)
  await mysql.createAccount(account)
  const admin = await mysql.admin()
  await admin.query(`CREATE TABLE ${schema}.t AS SELECT 7 AS n`)
  if (tag === 'own') await admin.query(`CREATE TABLE ${schema}.words (word text)`)
  await admin.close()
  const { host, port } = mysql
  const database = { host, port, name: schema, user: account.user, password: account.password, prefix: 'wp_', isEmpty: false }
  environment.release(1, { 'index.php': `<?php echo 'code of ${name}';`, 'attack.php': attack }, { database })
  environment.makeCurrent(1)
  environment.upload('mine.txt', `mine of ${name}`)
  environment.upload('theirs.txt', `theirs of ${name}`)
  return environment
}

async function tablesOf(mysql: PrivateMysql): Promise<string[]> {
  const admin = await mysql.admin()
  const rows = await admin.query(
    "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'c\\_%' ORDER BY 1",
  )
  await admin.close()
  return rows.map(({ name }) => String(name))
}

function fetchText(port: number, environment: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false, headers: { host: `${environment}-shop.localhost` } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
}
