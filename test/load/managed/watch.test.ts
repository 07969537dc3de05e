import { expect, test } from 'vitest'
import { misfits, type Seen, type Switch } from './watch.ts'

const switches: Switch[] = [{ says: 'in the deploy', began: 100, ended: 200, release: 2, maintenanceMs: 80 }]

function page(release: number, [begun, ended]: [number, number], more: Partial<NonNullable<Seen['told']>> = {}): Seen {
  const told = { code: release, release, database: `database ${release}`, files: `files ${release}`, ...more }
  return { status: 200, told, text: '', begun, ended }
}

const failure = (status: number, begun: number): Seen => ({ status, told: null, text: '', begun, ended: begun + 1 })
const old = page(1, [10, 20])

test.each<[string, Seen[], number]>([
  [
    'old before, maintenance meanwhile, new behind it',
    [old, failure(503, 120), page(1, [90, 130]), page(2, [180, 190]), page(2, [300, 310])],
    0,
  ],
  ['maintenance that nobody asked for', [failure(503, 10)], 1],
  ['a gateway that lost its PHP', [failure(502, 120)], 1],
  ['no answer at all', [failure(0, 250)], 1],
  ['the old release after the new one', [page(2, [150, 160]), page(1, [170, 180])], 1],
  ['the old release behind the switch', [page(1, [210, 220])], 1],
  ['the new release before the switch', [page(2, [10, 20])], 1],
  ['code of another release', [page(1, [10, 20], { code: 2 })], 1],
  ['a database of another release', [old, page(1, [30, 40], { database: 'database 2' })], 1],
  ['files of another release', [old, page(1, [30, 40], { files: 'files 2' })], 1],
])('%s', (_, seen, count) => {
  expect(misfits(seen, 1, switches)).toHaveLength(count)
})
