import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeTree } from '../../src/base/files.ts'
import type { Started, WorkflowView } from '../../src/contract/workSchemas.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'
import { type PhpServer, startPhp } from '../servers/php.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress, type WordPress } from '../servers/wordpress.ts'
import { amount, isSoak } from '../soak.ts'
import { account } from './accounting.ts'
import { type Cairn, prepareCairn, waitForEnd } from './cairn.ts'
import { startWriters, type Writers } from './writers.ts'

const base = mkdtempSync(join(tmpdir(), 'cairn-writes-'))
const rounds = amount({ few: 1, many: 25 })
let mariadb: TestMariadb
let php: PhpServer
let wordpress: WordPress
let cairn: Cairn

beforeAll(async () => {
  chmodSync(base, 0o711)
  mariadb = await startMariadb(join(base, 'mariadb'), { args: ['--log-bin-trust-function-creators=1'] })
  await mariadb.admin(
    "CREATE USER 'keeper'@'localhost' IDENTIFIED BY 'keeping'; GRANT ALL ON *.* TO 'keeper'@'localhost' WITH GRANT OPTION",
  )
  const [directory, port] = [join(base, 'site'), await freePort()]
  const url = `http://127.0.0.1:${port}`
  wordpress = await installWordPress({
    version: '6.5',
    directory,
    mariadb,
    database: 'busy',
    url,
    posts: 100,
    uploads: 20,
    light: true,
  })
  php = await startPhp({ docroot: directory, directory: join(base, 'php'), port, workers: 6 })
  cairn = await prepareCairn(join(base, 'data'))
  await cairn.start()
})

afterAll(async () => {
  await cairn?.stop()
  await php?.stop()
  await mariadb?.stop()
  removeTree(base, tmpdir())
})

const admin = { adminDatabase: { user: 'keeper', password: 'keeping' } }

/** The same site under four names, as four people would attach it; the two in the middle only in the soak. */
const ways = [
  { name: 'own', more: {}, reloads: true },
  { name: 'admin', more: admin, reloads: true },
  { name: 'owncalm', more: {}, reloads: false },
  { name: 'admincalm', more: admin, reloads: false },
]

test.each(ways.filter(({ name }) => isSoak || name === 'own' || name === 'admincalm'))(
  'a restore and its undo lose no acknowledged write: $name, PHP reload $reloads',
  async ({ name, more, reloads }) => {
    const at = `/v1/sites/${name}/environments/dev`
    const reload = reloads ? { phpReload: (php.reloadCommand ?? []).join(' ') } : {}
    await cairn.client.post(at, { path: wordpress.directory, ...more, ...reload })
    const whole = { elements: ['code', 'files', 'database'] }
    for (let round = 0; round < rounds; round++) {
      const { user, password } = wordpress.admin
      const writers = startWriters({ url: wordpress.url, user, password, label: `${name}${round}`, posting: 2, uploading: 2 })
      const safetyBackups: string[] = []
      try {
        await writers.more(10)
        const made = resultOf(await work(`${at}/backups`, { ...whole, keepForDays: 9 })).backup
        await writers.more(10)
        const restored = await work(`${at}/restore`, { ...whole, backup: made, safetyBackup: true, confirm: `${name}.dev` })
        safetyBackups.push(resultOf(restored).safetyBackup ?? '')
        await writers.more(10)
        await expectNothingLost(writers, safetyBackups)
        await work(`${at}/undo`, {})
        await writers.more(10)
      } finally {
        await writers.stop()
      }
      await expectNothingLost(writers, safetyBackups)
    }
  },
)

async function expectNothingLost(writers: Writers, safetyBackups: string[]): Promise<void> {
  const acknowledged = [...writers.acknowledged]
  const found = await account(acknowledged, { wordpress, mariadb, client: cairn.client, safetyBackups })
  console.log(acknowledged.length, 'acknowledged:', { ...found, lost: found.lost.length }, Object.fromEntries(writers.refused))
  expect(found.lost).toEqual([])
}

async function work(path: string, body: object): Promise<WorkflowView> {
  const { workflow } = await cairn.client.post<Started>(path, body)
  const ended = await waitForEnd(cairn.client, workflow.id, 300_000)
  expect(ended.state, JSON.stringify(ended)).toBe('succeeded')
  return ended
}

function resultOf({ result }: WorkflowView): { backup: string; safetyBackup?: string } {
  return result as { backup: string; safetyBackup?: string }
}
