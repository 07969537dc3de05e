import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { beginHold, endDeadHolds, endHold, readHold } from './hold.ts'
import { isFlagRaised, readSwitchJournal, raiseFlag, writeSwitchJournal } from './switchJournal.ts'
import { settleSwitch } from './switchRelease.ts'

const base = mkdtempSync(join(tmpdir(), 'cairn-hold-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

let places = 0
function makePlace(current: number) {
  const directory = join(base, String(++places))
  mkdirSync(directory)
  symlinkSync(`releases/${String(current).padStart(6, '0')}`, join(directory, 'current'))
  return { ...{ id: directory, site: 'shop', name: 'live', directory, uid: 0, gid: 0 }, isLive: true }
}

const journal = { from: { number: 1, account: 'one' }, to: { number: 2, account: 'two' } }
const mysql = {
  lockAccount: async () => {},
  unlockAccount: async () => {},
  killConnections: async () => {},
  listOwn: async () => ({ schemas: [], accounts: [] }),
}
const settle = (place: ReturnType<typeof makePlace>) => settleSwitch({ place, mysql, onCommit: async () => {} }, journal)

test('visitors are held off until the workflow that did so ends it, and no other', () => {
  const place = makePlace(1)
  beginHold(place, 'mine', 1000)
  beginHold(place, 'mine', 2000)
  expect([isFlagRaised(place), readHold(place)]).toEqual([true, { workflow: 'mine', since: 1000 }])
  endHold(place, 'another')
  expect([isFlagRaised(place), readHold(place)]).toEqual([true, { workflow: 'mine', since: 1000 }])
  endHold(place, 'mine')
  expect([isFlagRaised(place), readHold(place)]).toEqual([false, null])
})

test('a switch that is taken back leaves them held off: the workflow may go on with what it had copied', async () => {
  const place = makePlace(1)
  beginHold(place, 'mine', 1000)
  writeSwitchJournal(place, journal)
  expect(await settle(place)).toBe('back')
  expect([isFlagRaised(place), readSwitchJournal(place)]).toEqual([true, null])
  endHold(place, 'mine')
  expect(isFlagRaised(place)).toBe(false)
})

test('a switch that is finished lets them in', async () => {
  const place = makePlace(2)
  beginHold(place, 'mine', 1000)
  writeSwitchJournal(place, journal)
  expect(await settle(place)).toBe('forward')
  expect([isFlagRaised(place), readHold(place)]).toEqual([false, null])
})

test('a switch that could not be ended keeps its flag, whoever held visitors off before', () => {
  const place = makePlace(1)
  beginHold(place, 'mine', 1000)
  writeSwitchJournal(place, journal)
  raiseFlag(place)
  endHold(place, 'mine')
  expect([isFlagRaised(place), readHold(place)]).toEqual([true, null])
})

test('after a crash the hold of a workflow that will not go on is ended, and one that will is left', async () => {
  const all = [makePlace(1), makePlace(1), makePlace(1)]
  const [dead, alive, open] = all
  if (dead === undefined || alive === undefined || open === undefined) throw new Error('three places')
  beginHold(dead, 'dead', 1000)
  beginHold(alive, 'alive', 1000)
  expect(await endDeadHolds(all, async (workflow) => workflow === 'alive')).toEqual([alive])
  expect(all.map(isFlagRaised)).toEqual([false, true, false])
})
