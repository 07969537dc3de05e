import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { childEnd } from '../../base/spawn.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { amount, seedOr } from '../../../test/soak.ts'
import { chanceOf } from '../apply/randomTree.suite.ts'
import { loadContent } from './content.ts'
import { addEnvironment, type Ground, startGround, type TestEnvironment, writeLabCode } from './ground.suite.ts'
import { type KilledSwitch, killedSwitchFile } from './killedSwitch.suite.ts'
import { currentRelease } from './layout.ts'
import type { PreparedRelease } from './prepareRelease.ts'
import { recoverSwitches } from './recoverSwitches.ts'

const rounds = amount({ few: 8, many: 200 })
const seed = seedOr(4711)
let ground: Ground
let lab: TestEnvironment
const prepared: PreparedRelease[] = []

beforeAll(async () => {
  ground = await startGround(34_000_000)
  lab = await addEnvironment(ground, 'lab', 'dev')
  for (const mark of ['1', '2']) {
    prepared.push(
      await lab.prepare({
        code: (to) => writeLabCode(to, mark),
        files: async (to) => writeFileSync(join(to, 'mark.txt'), mark),
        database: async (target) => {
          const dump = `CREATE TABLE lab (mark text);\nINSERT INTO lab VALUES ('${mark}');\n-- Dump completed\n`
          const body = async function* () {
            yield Buffer.from(dump)
          }
          await loadContent(target, body(), { run: quietRun() })
        },
      }),
    )
  }
  for (const release of prepared) await lab.switchTo(release)
})
afterAll(() => ground.stop())

/** @returns what the child said, null when it was killed */
async function runChild(to: number | null, killAt: number): Promise<{ result: string; actions: number } | null> {
  const { mysql, state, key, names } = ground
  const { host, port, socket, adminLogin } = mysql
  const input: KilledSwitch = {
    ...{ to, killAt, place: lab.place, url: lab.url, state: state.connection, tag: names.schema('').split('_')[1] ?? '' },
    ...{ key: key.export().toString('hex'), mysql: { host, port, socket, ...adminLogin, tls: null } },
  }
  const child = spawn(process.execPath, [killedSwitchFile], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (said += text))
  child.stdin.end(JSON.stringify(input))
  const end = await childEnd(child)
  if (end.signal === 'SIGKILL') return null
  expect(end.code).toBe(0)
  return JSON.parse(said) as { result: string; actions: number }
}

/** One release is current, open and whole; the other one is locked; nothing of a switch is left. */
async function look(say: string): Promise<number> {
  const current = currentRelease(lab.place)
  expect(readdirSync(lab.place.directory).sort(), say).toEqual(['current', 'files', 'prepend.php', 'releases', 'tmp'])
  expect((await ground.releases.current(lab.place.id))?.number, say).toBe(current)
  const { status, text } = await lab.ask('/')
  expect([status, text], say).toEqual([
    200,
    JSON.stringify({ code: `${current}`, files: `${current}`, database: `${current}`, release: `${current}` }),
  ])
  for (const { release, facts } of prepared) {
    const connection = connectDatabase(facts.database).then((database) => database.close())
    if (release.number === current) await connection
    else await expect(connection, say).rejects.toMatchObject({ code: 'DATABASE_REFUSED' })
  }
  return current ?? 0
}

test(
  `a switch that is killed at any of its steps is finished or taken back, ${rounds} times`,
  { timeout: rounds * 60_000 },
  async () => {
    const chance = chanceOf(seed)
    const otherThan = (current: number): number => 3 - current
    let current = await look('before')
    const whole = await runChild(otherThan(current), 0)
    current = await look('a whole switch')
    const actions = whole?.actions ?? 0
    expect(actions).toBeGreaterThan(10)
    const ends = { forward: 0, back: 0, killed: 0 }
    for (let round = 0; round < rounds; round++) {
      // from the first step to the last in turn, then anywhere
      const killAt = round < actions ? 1 + Math.floor((round * actions) / Math.min(rounds, actions)) : 1 + chance.below(actions)
      const say = `CAIRN_SEED=${seed}, round ${round}, killed before action ${killAt} of ${actions}`
      const to = otherThan(current)
      expect(await runChild(to, killAt), say).toBe(null)
      ends.killed += 1
      if (chance.below(10) < 4 && (await runChild(null, 1 + chance.below(8))) === null) ends.killed += 1
      const keepUntil = new Date(Date.now() + 86_400_000)
      const [recovered] = await recoverSwitches({
        places: [lab.place],
        mysql: ground.mysql,
        onCommit: (place, journal) => ground.releases.setCurrent(place.id, journal.to.number, keepUntil),
      })
      const now = await look(say)
      if (recovered !== undefined) ends[now === to ? 'forward' : 'back'] += 1
      current = now
    }
    expect(ends.forward).toBeGreaterThan(0)
    expect(ends.back).toBeGreaterThan(0)
    console.log('switches', ends)
  },
)
