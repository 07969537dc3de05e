import { startTestState } from '../../src/state/testing.ts'
import { backupsAll, seed, serve, type Served, sites } from './dashboardWorld.ts'
import { median } from './measure.ts'
import type { Measurement } from './measurement.ts'
import { paintsOf } from './paint.ts'
import type { Outcome } from './table.ts'

/** What people do not notice, and what they wait for without thinking of something else */
const limitSeconds = { list: 0.2, page: 1 }
const peerName = 'what was promised'

const row = (work: string) => ({ work, peerName, unit: 's', goal: 1 })

/** What the pages of the dashboard wait for, over HTTP on loopback; and the first of them in a browser. */
const lists: Measurement = {
  rows: [
    row(`the Sites page: ${sites} sites, ${sites * 3} environments, ${backupsAll.toLocaleString('en')} backups`),
    row('the Backup Log of an environment with 1,000 backups beside them: its first page'),
    row('the same: its last page, with what was searched for'),
    row('Workflows: the first page of as many'),
    row('the Sites page in a browser that has nothing of it yet: something is seen'),
    row('the same: its first row is seen'),
  ],
  async take(house) {
    const state = await startTestState()
    try {
      await seed(state, house.quick ? 0.01 : 1)
      const served = await serve(state)
      try {
        const taken: Outcome[] = []
        for (const path of asked) taken.push({ ours: await timeOf(served, path), peer: limitSeconds.list })
        return [...taken, ...(await paints(served, house.quick ? 1 : 7))]
      } finally {
        await served.close()
      }
    } finally {
      await state.stop()
    }
  },
}

/** As the pages ask */
const log = '/v1/sites/site-1/environments/live/backups?limit=25'
const asked = ['/v1/overview', `${log}&skip=0`, `${log}&skip=950&search=night`, '/v1/workflows?limit=51&skip=0']

export const dashboard: readonly Measurement[] = [lists]

/** A machine without a browser skips these alone. */
async function paints(served: Served, rounds: number): Promise<Outcome[]> {
  try {
    const taken = await paintsOf(served, rounds)
    const outcome = (ms: number[]): Outcome => ({ ours: median(ms) / 1000, peer: limitSeconds.page })
    return [outcome(taken.map(({ firstMs }) => firstMs)), outcome(taken.map(({ rowMs }) => rowMs))]
  } catch (error) {
    const skipped = error instanceof Error ? error.message : String(error)
    return [{ skipped }, { skipped }]
  }
}

/** The median of nine, with the whole answer read; the first two warm up. */
async function timeOf({ url, token }: Served, path: string): Promise<number> {
  const seconds: number[] = []
  for (let round = 0; round < 11; round++) {
    const began = performance.now()
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    if (round >= 2) seconds.push((performance.now() - began) / 1000)
  }
  return median(seconds)
}
