// A process that switches an environment to another release, or recovers, and may kill itself before a given action:
//   node killedSwitch.suite.ts < JSON of KilledSwitch
import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { quietRun } from '../../base/run.ts'
import { onEachChange } from '../../hosts/local/changes.ts'
import type { AdminEndpoint } from '../../runtime/mysql/admin.ts'
import { openHome } from '../../runtime/mysql/home.ts'
import { openState, type StateConnection } from '../../state/open.ts'
import type { ManagedPlace } from './layout.ts'
import { namesOf } from './names.ts'
import { openReleases } from './records.ts'
import { recoverSwitches } from './recoverSwitches.ts'
import { switchRelease } from './switchRelease.ts'

export interface KilledSwitch {
  /** null recovers */
  to: number | null
  /** 0 for never */
  killAt: number
  place: ManagedPlace
  url: string
  state: StateConnection
  key: string
  tag: string
  mysql: AdminEndpoint
}

export const killedSwitchFile = import.meta.filename

if (process.argv[1] === killedSwitchFile) {
  const { to, killAt, place, url, key, tag, ...where } = JSON.parse(readFileSync(0, 'utf8')) as KilledSwitch
  const state = await openState(where.state)
  const mysql = await openHome(where.mysql, { accountHosts: ['127.0.0.1', 'localhost'] })
  const releases = openReleases({ db: state.db, key: createSecretKey(Buffer.from(key, 'hex')), names: namesOf(tag) })
  let actions = 0
  onEachChange(() => {
    actions += 1
    if (actions === killAt) process.kill(process.pid, 'SIGKILL')
  })
  const keepUntil = new Date(Date.now() + 86_400_000)
  if (to === null) {
    const onCommit = (_: ManagedPlace, journal: { to: { number: number } }) =>
      releases.setCurrent(place.id, journal.to.number, keepUntil)
    const [done] = await recoverSwitches({ places: [place], mysql, onCommit })
    process.stdout.write(JSON.stringify({ result: done?.result ?? 'nothing', actions }))
  } else {
    const onCommit = () => releases.setCurrent(place.id, to, keepUntil)
    const [from, target] = [await releases.current(place.id), await releases.find(place.id, to)]
    await switchRelease({ place, from, to: target, php: null, mysql, url, onCommit, run: quietRun() })
    process.stdout.write(JSON.stringify({ result: 'switched', actions }))
  }
  await state.close()
}
