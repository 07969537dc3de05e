import { spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { postgresAccount } from './account.ts'
import { findPackage, provideBinaries } from './binaries.ts'
import { Probe, processesOf, query, start } from './probe.ts'
import { type Postgres, startPostgres } from './start.ts'

const root = process.getuid?.() === 0
const probe = new Probe()
afterAll(() => probe.close())

test('a server that outlived its parent is stopped and started afresh', async () => {
  const directory = await probe.newCluster()
  const made = await start(directory)
  await query(made, 'create table kept as select 9 as n')
  await made.stop()
  const { uid, gid, drop } = postgresAccount()
  const data = join(directory, 'data')
  // started beside the supervisor, so that nothing ends it with its parent
  const orphan = spawn(
    join(findPackage().native, 'bin/postgres'),
    ['-D', data, '-c', 'listen_addresses=', '-k', made.socketDirectory],
    {
      stdio: 'ignore',
      detached: true,
      ...(drop ? { uid, gid } : {}),
    },
  )
  probe.keep(orphan)
  const ended = new Promise((resolve) => orphan.once('exit', (code, signal) => resolve(signal ?? code)))
  while (!(await query(made, 'select 1').catch(() => null))) await sleep(20) // told to stop while it starts, it ends with 1
  const next = await start(directory)
  expect(await ended).toBe(0)
  expect(next.pid).not.toBe(orphan.pid)
  expect(await query(next, 'select n from kept')).toEqual([9])
  await next.stop()
})

test('a path too long for a socket gets one elsewhere, which goes with the server', async () => {
  const directory = await probe.newCluster('long'.repeat(25))
  const postgres = await start(directory)
  expect(postgres.socketDirectory.startsWith(directory)).toBe(false)
  expect(await query(postgres, 'select 1')).toEqual([1])
  await postgres.stop()
  expect(existsSync(postgres.socketDirectory)).toBe(false)
})

test.runIf(root)('as root the processes run as another account, and only root may connect', async () => {
  const directory = await probe.newCluster()
  const postgres = await start(directory)
  const { uid } = postgresAccount()
  expect(uid).not.toBe(0)
  expect(processesOf(directory).map((pid) => statSync(`/proc/${pid}`).uid)).toContain(uid)
  expect(processesOf(directory).map((pid) => statSync(`/proc/${pid}`).uid)).not.toContain(0)
  const { uid: askedAs, code } = await connectAs(uid, postgres)
  expect({ askedAs, code }).toEqual({ askedAs: uid, code: '28000' })
  await postgres.stop()
})

test.runIf(root)('an ordinary user starts and stops it too', async () => {
  const uid = 65534
  const directory = probe.newDirectory()
  mkdirSync(directory)
  chownSync(directory, uid, uid)
  const { child, said } = await probe.startInChild({ dataDirectory: directory, stopAfter: true }, uid)
  expect(said.uid).toBe(uid)
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(statSync(join(directory, 'data')).uid).toBe(uid)
  expect(processesOf(directory)).toEqual([])
})

test.runIf(root)('binaries that the account cannot reach are copied, and the missing links are made', async () => {
  const { native, version } = findPackage()
  const closed = join(probe.newDirectory(), 'native')
  mkdirSync(join(closed, 'bin'), { recursive: true })
  for (const name of ['bin', 'lib', 'share', 'pg-symlinks.json']) {
    cpSync(join(native, name), join(closed, name), { recursive: true, filter: (path) => !path.endsWith('libicuuc.so.60') })
  }
  chmodSync(join(closed, '..'), 0o700)
  const directory = probe.newDirectory()
  const found = provideBinaries(postgresAccount(), directory, { native: closed, version })
  expect(found.postgres.startsWith(directory)).toBe(true)
  const postgres = await startPostgres({
    dataDirectory: directory,
    log: () => {},
    package: { native: closed, version },
    walSegmentMb: 1,
  })
  expect(await query(postgres, 'select 1')).toEqual([1])
  await postgres.stop()
})

test.runIf(root)('a data directory that the account cannot reach is refused by the name of what is closed', async () => {
  const closed = probe.newDirectory()
  mkdirSync(closed, { mode: 0o700 })
  await expect(start(join(closed, 'pg'))).rejects.toMatchObject({
    code: 'STATE_DATABASE',
    message: expect.stringContaining(`"${closed}"`),
  })
})

test('two servers never share a data directory, and the first goes on', async () => {
  const directory = await probe.newCluster()
  const first = await start(directory)
  await expect(start(directory)).rejects.toMatchObject({ code: 'SERVER_RUNNING' })
  expect(await query(first, 'select 1')).toEqual([1])
  await first.stop()
})

/** The account owns the socket directory and so reaches the socket: the server itself has to refuse it. */
async function connectAs(uid: number, { socketDirectory, port }: Postgres): Promise<{ uid: number; code: string }> {
  const script = `
    const { default: { Client } } = await import(${JSON.stringify(pathToFileURL(createRequire(import.meta.url).resolve('pg')).href)})
    const client = new Client({ host: ${JSON.stringify(socketDirectory)}, port: ${port}, user: 'cairn', database: 'cairn' })
    const code = await client.connect().then(() => 'connected', (error) => error.code)
    console.log(JSON.stringify({ uid: process.getuid(), code }))
    process.exit()`
  return (await probe.startNode<{ uid: number; code: string }>(['--input-type=module', '-e', script], uid)).said
}
