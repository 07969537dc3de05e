// Each fault that a person meets, through the command line: what it ends with, what it says, and that nothing is lost.
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import type { WorkflowView } from '../../src/contract/workSchemas.ts'
import type { SmallSite } from '../load/smallSite.ts'
import { expectUnharmed, type FaultyHouse, lookAt, openFaultyHouse, passwordOf } from './faults.ts'

interface Archive {
  backup: string
  fileName: string
  element: string
}

let faulty: FaultyHouse
let site: SmallSite
/** The backup that every fault has to leave alone */
let good: string
const name = 'faults.dev'

beforeAll(async () => {
  faulty = await openFaultyHouse()
  site = await faulty.attach(name)
  const made = await faulty.works('backup:create', name, '--format=json')
  good = made.json<Archive[]>()[0]?.backup ?? ''
})
afterAll(() => faulty?.close())

const works: FaultyHouse['works'] = (...args) => faulty.works(...args)
const fails: FaultyHouse['fails'] = (...args) => faulty.fails(...args)
const listed = async (): Promise<string[]> => [
  ...new Set((await works('backup:list', name, '--format=json')).json<Archive[]>().map(({ backup }) => backup)),
]
const started = async (...args: string[]): Promise<string> => (await works(...args, '--no-wait')).stdout.trim()
const ended = async (id: string): Promise<WorkflowView> => {
  await faulty.house.cairn('workflow:wait', id)
  return (await works('workflow:info', id, '--format=json')).json<WorkflowView>()
}

/** Shown as failed with its reason, and good for nothing; all that was there before is there. */
async function expectFailed(id: string, reason: RegExp): Promise<void> {
  expect((await works('backup:list', name)).stderr).toMatch(new RegExp(`failed: .*${reason.source}`))
  const commands = [['backup:info'], ['backup:get', '--element=database'], ['backup:restore', '--yes']]
  await Promise.all(
    commands.map((command) =>
      fails(8, [reason, /it failed/, new RegExp(id), /BACKUP_UNUSABLE/], ...command, name, `--file=${id}`),
    ),
  )
  const ids = await listed()
  expect([ids.includes(good), ids.includes(id)]).toEqual([true, false])
}

async function failedBackup(exit: number, patterns: RegExp[]): Promise<string> {
  const { stderr } = await fails(exit, patterns, 'backup:create', name)
  return /cairn workflow:info (\w{26})/.exec(stderr)?.[1] ?? 'no id'
}

test('what cannot be attached is refused with what was found, and nothing is attached', async () => {
  const empty = join(faulty.ground.directory, 'empty')
  mkdirSync(empty)
  const attach = (where: string, as = 'other.dev'): string[] => ['site:attach', as, '--path', where, '--yes']
  await Promise.all([
    fails(2, [/Cannot read ".*\/nowhere": it does not exist/, /directory that holds the site/], ...attach('/nowhere')),
    fails(2, [/it is not a directory/], ...attach(join(site.directory, 'index.php'))),
    fails(2, [/Cannot find a site in ".*\/empty"/, /WordPress/, /CMS_NOT_FOUND/], ...attach(empty)),
    fails(
      2,
      [/Cannot use "My_Site".*lower-case letters, digits and dashes/, /"my-site\.dev"/],
      ...attach(site.directory, 'My_Site.dev'),
    ),
    fails(2, [/Cannot use "a-b" as the name of an environment.*1 to 11/], ...attach(site.directory, 'other.a-b')),
    fails(2, [/faults\.dev.*exists already/, /SITE_TAKEN/], ...attach(site.directory, name)),
  ])
  await fails(4, [/other/, /SITE_NOT_FOUND/], 'backup:create', 'other.dev')
  expect((await works('site:list', '--format=list')).stdout.trim()).toBe('faults')
})

test('a database that refuses fails the backup with its reason, and refuses a restore before anything is made', async () => {
  const before = await lookAt(site)
  await faulty.ground.mariadb.admin(`ALTER USER 'faults'@'localhost' IDENTIFIED BY 'another'`)
  try {
    const reason = /Access denied for user 'faults'/
    const id = await failedBackup(1, [reason, /DATABASE_REFUSED/, /password/])
    await expectFailed(id, reason)
    await fails(2, [reason, /PREFLIGHT_REFUSED/, /nothing was changed/], 'backup:restore', name, '--yes')
    expect((await works('env:info', name)).stdout).toMatch(reason)
  } finally {
    await faulty.ground.mariadb.admin(`ALTER USER 'faults'@'localhost' IDENTIFIED BY '${passwordOf(site)}'`)
  }
  await expectUnharmed(site, before)
})

test('an account that may only read is backed up, and its restore is refused with the right that it lacks', async () => {
  const before = await lookAt(site)
  const grant = (rights: string): Promise<string> =>
    faulty.ground.mariadb.admin(
      `REVOKE ALL ON faults.* FROM 'faults'@'localhost'; GRANT ${rights} ON faults.* TO 'faults'@'localhost'`,
    )
  await grant('SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT')
  try {
    await works('backup:create', name, '--element=database')
    await fails(2, [/Cannot restore database into "faults\.dev"/, /CREATE/, /PREFLIGHT_REFUSED/], 'backup:restore', name, '--yes')
  } finally {
    await grant('ALL')
  }
  await expectUnharmed(site, before)
})

test.each([
  ['killed', /SIGKILL/],
  ['exit 3', /exit code 3.*Lost connection|Lost connection/],
  ['no trailer', /Dump completed/],
] as const)('a dump that ends with "%s" is a failed backup and a failed restore', async (fault, reason) => {
  const before = await lookAt(site)
  faulty.dump(fault)
  try {
    await expectFailed(await failedBackup(1, [reason, /DUMP_FAILED/]), reason)
    // the safety backup is what fails
    await fails(1, [reason, /DUMP_FAILED/], 'backup:restore', name, `--file=${good}`, '--yes')
  } finally {
    faulty.dump('none')
  }
  await expectUnharmed(site, before)
})

test('a backup that runs gives no archive and is not restored; a second one waits for it', async () => {
  const goOn = faulty.hold('dump')
  let first: string
  let second: string
  try {
    first = await started('backup:create', name)
    await faulty.isHeld('dump')
    second = await started('backup:create', name)
    await fails(7, [/still being made/, /workflow:wait/], 'backup:get', name, `--file=${first}`, '--element=database')
    await fails(7, [/still being made/], 'backup:restore', name, `--file=${first}`, '--yes')
    expect((await works('backup:list', name)).stderr).toMatch(new RegExp(`is running \\(workflow ${first}\\)`))
    expect((await works('workflow:info', second, '--field=state')).stdout.trim()).toBe('queued')
  } finally {
    goOn()
  }
  const [one, two] = [await ended(first), await ended(second)]
  expect([one.state, two.state]).toEqual(['succeeded', 'succeeded'])
  expect(Date.parse(one.finishedAt ?? '')).toBeLessThanOrEqual(Date.parse(two.startedAt ?? ''))
  expect(await listed()).toEqual(expect.arrayContaining([first, second, good]))
})

test('the same restore is one workflow, another is busy or waits; one is cancelled until the site is changed', async () => {
  const before = await lookAt(site)
  const restore = (...more: string[]): string[] => ['backup:restore', name, `--file=${good}`, '--yes', ...more]
  appendFileSync(join(site.directory, 'index.php'), '// changed after the backup\n')
  writeFileSync(join(site.directory, 'wp-content/uploads/added.txt'), 'after the backup')
  const changed = await lookAt(site)
  let goOn = faulty.hold('dump')
  let first: string
  let last: string
  try {
    first = await started(...restore())
    await faulty.isHeld('dump') // in its safety backup
    expect(await started(...restore())).toBe(first)
    await fails(
      7,
      [/restore "\w+" is running there/, new RegExp(first), /--queue/, /WORKFLOW_BUSY/],
      ...restore('--element=code'),
    )
    last = await started(...restore('--element=code', '--queue'))
    expect(last).not.toBe(first)
    await works('workflow:cancel', first)
    expect((await ended(first)).state).toBe('cancelled')
    await fails(1, [/was cancelled/, /WORKFLOW_CANCELLED/], 'workflow:wait', first)
    await expectUnharmed(site, changed)
  } finally {
    goOn()
  }
  goOn = faulty.hold('reload')
  try {
    await faulty.isHeld('reload') // the one that waited is past its point of no return
    await fails(7, [/has begun to change/, /env:undo/, /WORKFLOW_PAST_CANCEL/], 'workflow:cancel', last)
  } finally {
    goOn()
  }
  expect((await ended(last)).state).toBe('succeeded')
  await works('env:undo', name, '--yes')
  await expectUnharmed(site, changed)
  await works(...restore())
  rmSync(join(site.directory, 'wp-content/uploads/added.txt'), { force: true })
  await expectUnharmed(site, before)
})

test('an undo set whose time is over is deleted at the next start, and nothing else is', async () => {
  const before = await lookAt(site)
  const inSite = async (): Promise<string> => (await runChild('find', [site.directory, '-name', '.cairn-*'])).stdout
  expect(await inSite()).not.toBe('')
  const state = new Client({ host: join(faulty.house.data, 'postgres/socket'), port: 5432, user: 'cairn', database: 'cairn' })
  await state.connect()
  await state.query(`update undo set keep_until = now() - interval '1 hour'`)
  await state.end()
  await faulty.house.stop()
  await faulty.house.start()
  await vi.waitUntil(async () => (await inSite()) === '', { timeout: 120_000, interval: 200 })
  const expire = (await works('workflow:list', '--format=json', '--limit=1')).json<WorkflowView[]>()[0]
  expect((await ended(expire?.id ?? '')).kind).toBe('expire')
  await fails(4, [/no restore can be taken back/, /UNDO_MISSING/], 'env:undo', name, '--yes')
  expect(await faulty.ground.mariadb.admin(`SHOW TABLES LIKE '\\_cairn%'`, 'faults')).toBe('')
  await expectUnharmed(site, before)
})

test('a link that was altered, revoked or expired is refused with the sentence what to do', async () => {
  const link = async (...more: string[]): Promise<string> =>
    (await works('backup:get', name, `--file=${good}`, '--element=files', ...more)).stdout.trim()
  const ask = async (url: string): Promise<string> => {
    const answer = await fetch(url)
    return `${answer.status} ${await answer.text()}`
  }
  const url = await link()
  expect(await ask(url)).toMatch(/^200 /)
  const token = url.split('/').at(-2) ?? ''
  const other = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`
  expect(await ask(url.replace(token, other))).toMatch(/^403 .*altered.*new one/s)
  expect(await ask(`${url}x`)).toMatch(/^403 .*altered/s)
  const made = await faulty.house.api<{ id: string; url: string }>('POST', `/v1/backups/${good}/links`, { element: 'files' })
  expect((await faulty.house.api('DELETE', `/v1/links/${made.body.id}`)).status).toBe(204)
  expect(await ask(made.body.url)).toMatch(/^403 .*revoked.*new link/s)
  const short = await link('--life=1s')
  for (const end = Date.now() + 60_000; (await ask(short)).startsWith('200') && Date.now() < end;) await sleep(100)
  expect(await ask(short)).toMatch(/^403 .*expired.*new link/s)
})
