import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Probe, processesOf, query, start } from './probe.ts'

const probe = new Probe()
afterAll(() => probe.close())

test('it starts with a private socket and synced writes, keeps its data, and ends without a process left', async () => {
  const directory = await probe.newCluster()
  const first = await start(directory)
  expect(await query(first, 'show fsync')).toEqual(['on'])
  expect(await query(first, 'show listen_addresses')).toEqual([''])
  expect(statSync(first.socketDirectory).mode & 0o777).toBe(0o700)
  expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
  await query(first, 'create table kept as select 7 as n')
  expect(processesOf(directory).length).toBeGreaterThan(1)
  await first.stop()
  await first.stop()
  expect(await first.ended).toEqual({ code: 0, signal: null })
  expect(processesOf(directory)).toEqual([])
  expect(existsSync(join(directory, 'data/postmaster.pid'))).toBe(false)
  const second = await start(directory)
  expect(await query(second, 'select n from kept')).toEqual([7])
  await second.stop()
})

test('after a kill -9 of the parent the next start has everything that was committed', async () => {
  const directory = await probe.newCluster()
  const { child, said: first } = await probe.startInChild({ dataDirectory: directory })
  await query(first, 'create table kept as select 8 as n')
  child.kill('SIGKILL')
  const second = await start(directory)
  expect(second.pid).not.toBe(first.pid)
  expect(await query(second, 'select n from kept')).toEqual([8])
  await second.stop()
  expect(processesOf(directory)).toEqual([])
})

test('a killed postmaster, with its processes still there, is followed by a whole server', async () => {
  const directory = await probe.newCluster()
  const first = await start(directory)
  await query(first, 'create table kept as select 10 as n')
  process.kill(first.pid, 'SIGKILL')
  expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await first.stop()
  const second = await start(directory)
  expect(await query(second, 'select n from kept')).toEqual([10])
  await second.stop()
})
