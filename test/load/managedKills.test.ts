import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Static } from 'typebox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RepositoryCheck, Workflows, WorkflowView } from '../../src/contract/workSchemas.ts'
import { type Chance, chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { type Descendant, survivors, waitForEnd } from './cairn.ts'
import { type Lab, remember, settle, startLab } from './managed/lab.ts'
import type { LookOptions } from './managed/world.ts'
import { chooseWork, type Work } from './managed/works.ts'
import { isSoak } from '../soak.ts'
import { openRounds } from './rounds.ts'
import { startStopwatch } from './stopwatch.ts'

const rounds = openRounds('managed-kills', { few: 20, many: 200 })
const labs: Lab[] = []
/** How long each step took when nobody killed anything, ms */
const usual = new Map<string, number>()
const hits = new Map<string, number>()
/** Each SIGKILL, also those that hit what goes on after the one before */
let kills = 0
const isEnough = (): boolean => !isSoak && kills >= rounds.count
const orphans: Descendant[] = []
/** How long the last start took */
let startMs = 2000

beforeAll(async () => {
  // databases on Cairn's own MariaDB, which ends with it; on one that goes on. The few kills of `script/test` hit one of them
  const kinds = isSoak ? [false, true] : [rounds.seed % 2 === 1]
  const slow = setTimeout(() => void whatGoesOn().then((found) => console.warn('preparing is slow:', found)), 150_000)
  labs.push(...(await Promise.all(kinds.map((named) => startLab(named ? 'named' : 'own', { named })))))
  await Promise.all(labs.map(prepare))
  clearTimeout(slow)
})

/** For whoever reads that something hangs. */
async function whatGoesOn(): Promise<string> {
  const parts = labs.map(async (lab) => {
    const workflows = await list(lab).catch(String)
    return `${lab.name}: ${JSON.stringify(workflows)}\n${readFileSync(`${lab.cairn.data}.log`, 'utf8').slice(-3000)}`
  })
  return labs.length === 0 ? 'no lab has started' : (await Promise.all(parts)).join('\n')
}

async function prepare(lab: Lab, index: number): Promise<void> {
  for (const { steps } of await settle(lab, chanceOf(rounds.seed + index))) {
    for (const { name, startedAt, finishedAt } of steps)
      usual.set(name, Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? ''))
  }
  expect(await lab.look(whole(lab))).toEqual([])
  expect(await lab.leftovers()).toEqual([])
}

afterAll(async () => {
  for (const lab of labs) await lab.stop()
})

test(
  `a server killed ${rounds.count} times at any moment of changes of managed sites goes on: every site is old or new, nothing is left`,
  { timeout: rounds.count * 180_000 },
  async () => {
    for (const { number, chance } of rounds.left()) {
      if (isEnough()) break
      try {
        await round(number, chance)
      } catch (error) {
        console.error(`round ${number} failed`, error) // at once: the summary comes minutes later, or never when it is interrupted
        throw new Error(`CAIRN_SEED=${rounds.seed}, round ${number}`, { cause: error })
      }
    }
    for (const lab of labs) await expectCleanCheck(lab, true)
    rounds.finish()
    console.log('killed in', Object.fromEntries([...hits].sort()))
    console.log('switches that a start found interrupted:', labs.map(recoveries).join(' and '))
  },
)

async function round(number: number, chance: Chance): Promise<void> {
  const lab = labs[number % labs.length] as Lab
  const { world } = lab
  const watch = startStopwatch()
  const work = await watch('choose', chooseWork(lab, chance, number))
  const killAt = await watch('kill', beginAndKill(lab, work, chance, number))
  const say = (text: string): string => `${text}, ${work.kind} of ${work.place} killed in "${killAt}"`
  const { before, wanted, place } = work
  const options = [before, wanted].filter((marks) => marks !== null)
  // Cairn is gone: what is on the disk, and what nginx shows of it, is one or the other
  const port = (name: string): number | null => (name === `${lab.site}.live` ? (lab.served?.port ?? null) : null)
  const dead: LookOptions = { database: lab.mariadb === null ? null : asAdmin(lab), pages: { port, orMaintenance: true } }
  if (before !== null && wanted !== null)
    expect(await watch('dead', lab.look(dead, { place, options })), say('without Cairn')).toEqual([])
  const again = await watch('start', comeBack(lab, chance))
  const cancels = number % 7 === 6 && (await cancelLast(lab, work))
  const workflow = await watch('end', endOf(lab, work))
  const isDone = workflow?.state === 'succeeded'
  if (workflow !== null && !isDone) expect(cancels && workflow.state === 'cancelled', say(JSON.stringify(workflow))).toBe(true)

  const now = isDone ? wanted : before
  if (now === null) world.marks.delete(place)
  else world.marks.set(place, { ...now })
  expect(await watch('look', lab.look(whole(lab))), say(JSON.stringify(workflow))).toEqual([])
  if (isDone) remember(lab, place, before ?? undefined, workflow)
  expect(await watch('leftovers', lab.leftovers()), say(`left over, ${JSON.stringify(workflow)}`)).toEqual([])
  await watch('check', expectCleanCheck(lab, number % 8 === 7))
  kills += 1 + again
  const hit = `${work.kind}: ${killAt}`
  hits.set(hit, (hits.get(hit) ?? 0) + 1)
  const end = workflow?.state ?? 'never begun'
  console.log(`round ${number}: ${lab.name} ${work.says}, killed in "${killAt}" and ${again} times more, ${end}, ${watch.lap()}`)
}

function recoveries({ cairn }: Lab): number {
  return readFileSync(`${cairn.data}.log`, 'utf8').split('ended an interrupted switch').length - 1
}

function whole({ cairn, site, served }: Lab): LookOptions {
  const gateway = Number(cairn.env['CAIRN_GATEWAY_LISTEN']?.split(':')[1])
  const port = (place: string): number => (place === `${site}.live` && served !== null ? served.port : gateway)
  return { database: (own) => own, pages: { port, orMaintenance: false } }
}

/** Accounts of releases may be locked in the middle of a switch. */
function asAdmin({ mariadb }: Lab): LookOptions['database'] {
  return (own) => ({ ...own, host: null, port: null, socket: mariadb?.socket ?? null, user: 'root', password: '' })
}

/** Asks for the work, and kills the server in a step of it, or while it is being asked. @returns where the kill hit */
async function beginAndKill(lab: Lab, work: Work, chance: Chance, number: number): Promise<string> {
  const { cairn } = lab
  const asked = work.ask().catch((error: unknown) => error as Error)
  if (number % 10 === 5) {
    await sleep(chance.below(80))
    await killNow(lab)
    await asked
    return 'asking'
  }
  const begun = performance.now()
  const started = await asked
  if (started instanceof Error) throw new Error(`The ${work.says} could not be asked for: ${started.message}`)
  const step = work.steps[chance.below(work.steps.length)] as string
  const delayMs = chance.fraction() * 1.1 * (usual.get(step) ?? 150)
  let now = 'queued'
  for (;;) {
    const view = await cairn.client.get<WorkflowView>(`/v1/workflows/${started.workflow.id}`)
    now = view.steps.at(-1)?.name ?? 'queued'
    const isThere = view.steps.some(({ name }) => name === step)
    const isOver = view.state !== 'queued' && view.state !== 'running'
    if (isThere || isOver || performance.now() - begun > 60_000) break
    await sleep(30)
  }
  await sleep(delayMs)
  await killNow(lab)
  return now
}

async function killNow({ cairn }: Lab): Promise<void> {
  orphans.push(...(await cairn.kill()))
}

/** The few kills of `script/test` hit what goes on after a kill more often: that costs no further round */
const oftenAgain = isSoak ? 0.25 : 0.45

/** Starts the server again, and sometimes kills it in the middle of that, or of what it goes on with. */
async function comeBack(lab: Lab, chance: Chance): Promise<number> {
  let again = 0
  for (; chance.fraction() < oftenAgain && again < 3; again++) {
    lab.cairn.launch()
    await sleep(chance.fraction() * 1.6 * startMs)
    await killNow(lab)
  }
  const begun = performance.now()
  await lab.cairn.start()
  startMs = Math.min(8000, performance.now() - begun)
  expect(await survivors(orphans.splice(0), 60_000), 'processes that outlive their server').toEqual([])
  return again
}

const seen = new Set<string>()

async function list({ cairn }: Lab): Promise<WorkflowView[]> {
  return (await cairn.client.get<Static<typeof Workflows>>('/v1/workflows', { limit: 6 })).workflows
}

/** @returns whether it came in time */
async function cancelLast(lab: Lab, work: Work): Promise<boolean> {
  const found = (await list(lab)).find(({ kind, id }) => kind === work.kind && !seen.has(id))
  if (found === undefined) return false
  return lab.cairn.client.post(`/v1/workflows/${found.id}/cancel`, {}).then(
    () => true,
    () => false,
  )
}

/** Waits until no workflow is open; gives the one of this work, null when it was never accepted. */
async function endOf(lab: Lab, work: Work): Promise<WorkflowView | null> {
  const ended = await Promise.all((await list(lab)).map(({ id }) => waitForEnd(lab.cairn.client, id, 120_000)))
  const own = ended.find(({ kind, id }) => kind === work.kind && !seen.has(id))
  for (const { id } of ended) seen.add(id)
  return own ?? null
}

async function expectCleanCheck({ cairn }: Lab, readData: boolean): Promise<void> {
  const report = await cairn.client.post<RepositoryCheck>('/v1/repository/check', { readData })
  expect(report.problems).toEqual([])
}
