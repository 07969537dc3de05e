import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import type { BackupView, LinkView } from '../../src/contract/schemas.ts'
import type { Backups, RepositoryCheck, Started, Workflows, WorkflowView } from '../../src/contract/workSchemas.ts'
import type { Static } from 'typebox'
import { type Chance, chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'
import { type Cairn, type Descendant, prepareCairn, survivors, waitForEnd } from './cairn.ts'
import { lastWords, leftovers } from './leftovers.ts'
import { differences, type Photograph, photograph } from './photograph.ts'
import { isSoak } from '../soak.ts'
import { openRounds } from './rounds.ts'
import { startStopwatch } from './stopwatch.ts'
import { changeSite, makeSmallSite, type SmallSite } from './smallSite.ts'

/** One attached site, and every state of it that a backup holds. */
interface Patient {
  name: string
  site: SmallSite
  known: { backup: string; picture: Photograph }[]
  /** Before and after the last restore; which one stands now */
  undo: { before: Photograph; after: Photograph; isBack: boolean } | null
}

type Kind = 'backup' | 'restore' | 'undo'

interface Work {
  kind: Kind
  path: string
  body: object
  /** What the site shall be once the workflow has succeeded */
  wanted: Photograph
  before: Photograph
}

const rounds = openRounds('kills', { few: 20, many: 200 })
const steps: Record<Kind, string[]> = {
  backup: ['capture', 'capture', 'capture', 'commit', 'prove'],
  restore: [
    'check',
    'safety backup: capture',
    'safety backup: commit',
    'safety backup: prove',
    'stage files',
    'stage database',
    'stage database',
    'apply',
    'apply',
    'apply',
    'apply',
    'finish',
  ],
  undo: ['apply', 'apply', 'finish'],
}
const base = mkdtempSync(join(tmpdir(), 'cairn-kills-'))
const patients: Patient[] = []
/** How long each step took when nobody killed anything, ms */
const usual = new Map<string, number>()
const hits = new Map<string, number>()
/** Each SIGKILL, also those that hit what goes on after the one before */
let kills = 0
const isEnough = (): boolean => !isSoak && kills >= rounds.count
const verified = new Set<string>()
let mariadb: TestMariadb
let cairn: Cairn

beforeAll(async () => {
  chmodSync(base, 0o711)
  mariadb = await startMariadb(join(base, 'mariadb'), { args: ['--log-bin-trust-function-creators=1'] })
  await mariadb.admin(
    "CREATE USER 'keeper'@'localhost' IDENTIFIED BY 'keeping'; GRANT ALL ON *.* TO 'keeper'@'localhost' WITH GRANT OPTION",
  )
  cairn = await prepareCairn(join(base, 'data'), { CAIRN_LOG_LEVEL: 'info' })
  await cairn.start()
  for (const [name, more] of [
    ['own', {}],
    ['admin', { adminDatabase: { user: 'keeper', password: 'keeping' } }],
  ] as const) {
    const site = await makeSmallSite(chanceOf(rounds.seed * 7919), join(base, name), mariadb, name)
    await cairn.client.post(`/v1/sites/${name}/environments/dev`, { path: site.directory, ...more })
    patients.push({ name, site, known: [], undo: null })
  }
  await runUndisturbed()
})

afterAll(async () => {
  await cairn?.stop()
  await mariadb?.stop()
  if (process.env['CAIRN_KEEP'] === undefined) rmSync(base, { recursive: true, force: true })
})

test(
  `a server killed ${rounds.count} times at any moment of backups, restores and undos goes on, loses nothing and leaves nothing`,
  { timeout: rounds.count * 120_000 },
  async () => {
    for (const { number, chance } of rounds.left()) {
      if (isEnough()) break
      try {
        await round(number, chance)
      } catch (error) {
        console.error(`round ${number} failed`, error) // at once: the summary comes minutes later, or never when it is interrupted
        throw new Error(`CAIRN_SEED=${rounds.seed}, round ${number}; meanwhile ${await whatGoesOn()}`, { cause: error })
      }
    }
    await verifyArchives(true)
    await expectCleanCheck(true)
    rounds.finish()
    console.log('killed in', Object.fromEntries([...hits].sort()))
  },
)

async function round(number: number, chance: Chance): Promise<void> {
  const patient = patients[number % patients.length] as Patient
  const watch = startStopwatch()
  const work = await watch('choose', chooseWork(patient, chance))
  const killAt = await watch('kill', beginAndKill(work, chance, number))
  const again = await watch('start', comeBack(chance))
  const slow = setTimeout(() => void whatGoesOn().then((found) => console.warn(`round ${number} is slow:`, found)), 12_000)
  const workflow = await watch('end', endOf(work)).finally(() => clearTimeout(slow))
  const found = await watch('look', photograph(patient.site))
  const say = (text: string): string => `${text}, ${work.kind} killed in "${killAt}", workflow ${JSON.stringify(workflow)}`

  if (workflow === null) {
    expect(differences(found, work.before), say('the site before')).toEqual([])
  } else if (gaveUp(workflow)) {
    console.log(`round ${number}: the ${work.kind} gave up: ${workflow.failure?.message}`)
    expect(differences(found, work.before), say('the site before')).toEqual([])
  } else {
    expect(workflow.state, say('the workflow')).toBe('succeeded')
    expect(differences(found, work.wanted), say('the site')).toEqual([])
    remember(patient, work, workflow)
  }
  expect(await watch('leftovers', leftovers(cairn.data, sites())), say('left over')).toEqual([])
  await watch('archives', verifyArchives(number % 10 === 9))
  await watch('check', expectCleanCheck(number % 4 === 3))
  kills += 1 + again
  hits.set(`${work.kind}: ${killAt}`, (hits.get(`${work.kind}: ${killAt}`) ?? 0) + 1)
  console.log(`round ${number}: ${patient.name} ${work.kind}, killed in "${killAt}" and ${again} times more, ${watch.lap()}`)
}

/** A change waits ten seconds for the site's last statement, and then says so and changes nothing: a stalled disk takes longer. */
function gaveUp({ state, failure }: WorkflowView): boolean {
  return state === 'failed' && failure?.code === 'DATABASE_BUSY'
}

/** For whoever reads that something hangs, or takes long. */
async function whatGoesOn(): Promise<string> {
  const workflows = cairn.client.get<Static<typeof Workflows>>('/v1/workflows', { limit: 3 }, AbortSignal.timeout(10_000))
  const parts = [
    workflows.then((found) => JSON.stringify(found, null, 1)),
    mariadb.admin('SHOW FULL PROCESSLIST'),
    lastWords(cairn.data).then((found) => JSON.stringify(found, null, 1)),
  ]
  const found = await Promise.allSettled(parts)
  return found.map((part) => (part.status === 'fulfilled' ? part.value : String(part.reason))).join('\n')
}

function sites(): SmallSite[] {
  return patients.map(({ site }) => site)
}

/** A first backup and restore of each site, which also tell how long steps take. */
async function runUndisturbed(): Promise<void> {
  for (const patient of patients) {
    for (const kind of ['backup', 'restore', 'undo'] as const) {
      const chance = chanceOf(rounds.seed)
      const work = await prepare(patient, kind, chance)
      const { workflow } = await cairn.client.post<Started>(work.path, work.body)
      const ended = await waitForEnd(cairn.client, workflow.id, 60_000)
      expect(ended.state, JSON.stringify(ended)).toBe('succeeded')
      for (const step of ended.steps)
        usual.set(`${kind}: ${step.name}`, Date.parse(step.finishedAt ?? '') - Date.parse(step.startedAt ?? ''))
      expect(differences(await photograph(patient.site), work.wanted), `${patient.name} ${kind}`).toEqual([])
      remember(patient, work, ended)
    }
  }
  expect(await leftovers(cairn.data, sites())).toEqual([])
}

async function chooseWork(patient: Patient, chance: Chance): Promise<Work> {
  const kinds: Kind[] = ['backup', 'backup', 'restore', 'restore', 'restore', 'restore', 'undo']
  const kind = kinds[chance.below(kinds.length)] as Kind
  return prepare(patient, kind === 'undo' && patient.undo === null ? 'restore' : kind, chance)
}

async function prepare(patient: Patient, kind: Kind, chance: Chance): Promise<Work> {
  const at = `/v1/sites/${patient.name}/environments/dev`
  const elements = ['code', 'files', 'database']
  if (kind === 'undo' && patient.undo !== null) {
    const { before, after, isBack } = patient.undo
    return { kind, path: `${at}/undo`, body: {}, before: isBack ? before : after, wanted: isBack ? after : before }
  }
  if (patient.known.length > 0) await changeSite(chance, patient.site)
  const before = await photograph(patient.site)
  patient.undo = null
  if (kind === 'backup') return { kind, path: `${at}/backups`, body: { elements, keepForDays: 9 }, before, wanted: before }
  const target = patient.known[chance.below(patient.known.length)] as Patient['known'][number]
  const body = { elements, backup: target.backup, safetyBackup: chance.fraction() < 0.6 }
  return { kind: 'restore', path: `${at}/restore`, body, before, wanted: target.picture }
}

function remember(patient: Patient, work: Work, workflow: WorkflowView): void {
  const result = workflow.result as { backup: string; safetyBackup?: string | null }
  if (work.kind === 'backup') patient.known.push({ backup: result.backup, picture: work.before })
  if (work.kind === 'restore') patient.undo = { before: work.before, after: work.wanted, isBack: false }
  if (typeof result.safetyBackup === 'string') patient.known.push({ backup: result.safetyBackup, picture: work.before })
  if (work.kind === 'undo' && patient.undo !== null) patient.undo.isBack = !patient.undo.isBack
}

/** Asks for the work, and kills the server in a step of it, or while it is being asked. @returns where the kill hit */
async function beginAndKill(work: Work, chance: Chance, number: number): Promise<string> {
  const asked = cairn.client.post<Started>(work.path, work.body).catch(() => null)
  if (number % 10 === 5) {
    await sleep(chance.below(60))
    await killNow()
    await asked
    return 'asking'
  }
  const begun = performance.now()
  const started = await asked
  if (started === null)
    throw new Error(`The ${work.kind} could not be asked for: ${JSON.stringify(await cairn.client.post(work.path, work.body))}`)
  const names = steps[work.kind]
  const step = names[chance.below(names.length)] as string
  const delayMs = chance.fraction() * 1.1 * (usual.get(`${work.kind}: ${step}`) ?? 100)
  let now = 'queued'
  for (;;) {
    const view = await cairn.client.get<WorkflowView>(`/v1/workflows/${started.workflow.id}`)
    now = view.steps.at(-1)?.name ?? 'queued'
    const isThere = view.steps.some(({ name }) => name === step)
    if (isThere || view.state === 'succeeded' || view.state === 'failed' || performance.now() - begun > 60_000) break
    await sleep(30)
  }
  await sleep(delayMs)
  await killNow()
  return now
}

const orphans: Descendant[] = []
/** How long the last start took */
let startMs = 1500

async function killNow(): Promise<void> {
  orphans.push(...(await cairn.kill()))
}

/** The few kills of `script/test` hit what goes on after a kill more often: that costs no further round */
const oftenAgain = isSoak ? 0.3 : 0.5

/** Starts the server again, and sometimes kills it in the middle of that, or of what it goes on with. */
async function comeBack(chance: Chance): Promise<number> {
  let again = 0
  for (; chance.fraction() < oftenAgain && again < 4; again++) {
    cairn.launch()
    await sleep(chance.fraction() * 1.5 * startMs)
    await killNow()
  }
  const begun = performance.now()
  await cairn.start()
  startMs = Math.min(5000, performance.now() - begun)
  expect(await survivors(orphans.splice(0), 30_000), 'processes that outlive their server').toEqual([])
  return again
}

/** Waits until no workflow is open; gives the one of this work, null when it was never accepted. */
async function endOf(work: Work): Promise<WorkflowView | null> {
  const { workflows } = await cairn.client.get<Static<typeof Workflows>>('/v1/workflows', { limit: 5 })
  const ended = await Promise.all(workflows.map(({ id }) => waitForEnd(cairn.client, id, 90_000)))
  const [newest] = ended
  if (newest === undefined || newest.kind !== work.kind || seen.has(newest.id)) return null
  seen.add(newest.id)
  return newest
}

const seen = new Set<string>()

async function expectCleanCheck(readData: boolean): Promise<void> {
  if (!readData) {
    const report = await cairn.client.post<RepositoryCheck>('/v1/repository/check', {})
    expect(report.problems).toEqual([])
    return
  }
  const program = join(import.meta.dirname, '../../bin/cairn')
  const { stdout } = await runChild(process.execPath, [program, 'repository:check', '--read-data', '--format=json'], {
    env: cairn.env,
  })
  expect((JSON.parse(stdout) as RepositoryCheck).problems).toEqual([])
}

/** Downloads archives and compares their hashes with the recorded ones: new ones, or every one. */
async function verifyArchives(every: boolean): Promise<void> {
  for (const { name } of patients) {
    const { backups } = await cairn.client.get<Static<typeof Backups>>(`/v1/sites/${name}/environments/dev/backups`)
    for (const backup of backups) if (every || !verified.has(backup.id)) await verifyBackup(backup)
  }
}

async function verifyBackup(backup: BackupView): Promise<void> {
  for (const { element, sha256, sizeBytes } of backup.elements) {
    const { url } = await cairn.client.post<LinkView>(`/v1/backups/${backup.id}/links`, { element })
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
    expect(bytes.length).toBe(sizeBytes)
    expect(createHash('sha256').update(bytes).digest('hex'), `${backup.id} ${element}`).toBe(sha256)
  }
  verified.add(backup.id)
}
