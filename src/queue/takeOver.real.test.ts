import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../base/ids.ts'
import { json } from '../state/json.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { openQueue, type Queue } from './queue.ts'
import { probes, type ProbeInput } from './worker.child.ts'

let state: TestState
let queue: Queue
let directory: string
const children: ChildProcess[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-queue-'))
  state = await startTestState()
  queue = await openQueue({ state, definitions: probes, locksDirectory: directory, expiresMs: 1000 })
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
})
afterAll(async () => {
  await queue?.close()
  await state?.stop()
  rmSync(directory, { recursive: true, force: true })
})

function startChildWorker(instance: string): ChildProcess {
  const argument = JSON.stringify({ connection: state.connection, instance, locksDirectory: directory })
  const child = fork(join(import.meta.dirname, 'worker.child.ts'), [argument], { stdio: 'inherit' })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function ask(kind: 'backup' | 'restore') {
  const file = join(directory, newUlid())
  const input: ProbeInput = { file }
  const actor = { kind: 'system', id: 'test', name: 'Test' } as const
  const { workflow } = await queue.enqueue({
    kind,
    site: 'a',
    environment: 'dev',
    environmentIds: [newUlid()],
    actor,
    input,
    dedupeKey: null,
    queue: false,
  })
  return { id: workflow.id, file, go: () => writeFileSync(`${file}.go`, '') }
}

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

async function ended(id: string) {
  for (let revision = 0; ;) {
    const record = await queue.waitForChange(id, revision, 2_000)
    if (record.finishedAt !== null) return record
    revision = record.revision
  }
}

test('after a kill -9 the next life of the instance goes on at once, and repeats no finished step', async () => {
  const { id, file, go } = await ask('restore')
  const first = startChildWorker('server')
  await until(() => lines(file).length === 2)
  await kill(first)
  const second = startChildWorker('server')
  await until(() => lines(file).length === 3)
  go()
  expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 2, result: 'done by attempt 2' })
  expect(lines(file)).toEqual([
    `first 1 ${first.pid}`,
    `second begins 1 ${first.pid}`,
    `second begins 2 ${second.pid}`,
    `second ends 2 ${second.pid}`,
  ])
  expect((await queue.steps(id)).map(({ name, attempt }) => `${name} ${attempt}`)).toEqual(['first 1', 'second 2'])
})

test('a paused predecessor is ended before another instance goes on with what it changes', async () => {
  const { id, file, go } = await ask('restore')
  const first = startChildWorker('one')
  await until(() => lines(file).length === 2)
  first.kill('SIGSTOP')
  const second = startChildWorker('two')
  await until(() => lines(file).length === 3)
  expect(first.signalCode).toBe('SIGKILL')
  go()
  expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 2, instance: 'two' })
  expect(lines(file).at(-1)).toBe(`second ends 2 ${second.pid}`)
})

test('a paused predecessor that only reads wakes, finds itself overtaken, and writes nothing', async () => {
  const { id, file, go } = await ask('backup')
  const first = startChildWorker('one')
  await until(() => lines(file).length === 2)
  first.kill('SIGSTOP')
  startChildWorker('two')
  await until(() => lines(file).length === 3)
  first.kill('SIGCONT')
  await sleep(400)
  go()
  expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 2, instance: 'two' })
  await sleep(200)
  expect(await queue.get(id)).toMatchObject({ attempt: 2, result: 'done by attempt 2' })
  expect((await queue.steps(id)).map(({ name, attempt }) => `${name} ${attempt}`)).toEqual(['first 1', 'second 2'])
})

test('what a process of another machine changes is left to it, until somebody says that it is gone', async () => {
  const { id, file } = await ask('restore')
  const first = startChildWorker('far')
  await until(() => lines(file).length === 2)
  await kill(first)
  const { holder } = await state.db.selectFrom('workflow').select('holder').where('id', '=', id).executeTakeFirstOrThrow()
  await state.db
    .updateTable('workflow')
    .set({ holder: json({ ...holder, bootId: 'another' }) })
    .where('id', '=', id)
    .execute()
  startChildWorker('near')
  await expect.poll(async () => (await silent(id)) && (await queue.get(id)).attempt, { timeout: 5_000 }).toBe(1)
  await sleep(600)
  expect(await queue.get(id)).toMatchObject({ state: 'running', attempt: 1, instance: 'far' })
  expect(await queue.cancel(id, { force: true })).toMatchObject({ state: 'cancelled' })
  expect(lines(file)).toHaveLength(2)
})

async function silent(id: string): Promise<boolean> {
  const { rows } = await sql<{ silent: boolean }>`
    select beat_at < now() - interval '1 second' as silent from workflow where id = ${id}`.execute(state.db)
  return rows[0]?.silent ?? false
}
