import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { Attempt } from './attempt.ts'
import { defineWorkflow, Unfinished, type WorkflowContext } from './define.ts'
import type { EnqueueRequest } from './enqueue.ts'
import { lockEnvironments } from './locks.ts'
import { openQueue, type Queue } from './queue.ts'
import { startWorker, type Worker } from './worker.ts'

const locksDirectory = mkdtempSync(join(tmpdir(), 'cairn-locks-'))
let state: TestState
let queue: Queue
let worker: Worker
const works = new Map<string, (context: WorkflowContext) => Promise<unknown>>()

const definitions = [
  { kind: 'backup', changes: false },
  { kind: 'expire', changes: false },
  { kind: 'restore', changes: true },
].map((about) =>
  defineWorkflow<string, unknown>({
    ...about,
    version: 1,
    run: async (context, input) => works.get(input)?.(context),
  }),
)

beforeAll(async () => {
  state = await startTestState()
  queue = await openQueue({ state, definitions, locksDirectory })
  worker = await startWorker({ queue, definitions, instance: 'one', concurrency: 4, beatMs: 500, sweepMs: 500 })
})
afterAll(async () => {
  await worker?.stop()
  await queue?.close()
  await state?.stop()
  rmSync(locksDirectory, { recursive: true, force: true })
})

/** Asks for `work` on an environment of its own, unless one is named. */
function ask(kind: string, work: (context: WorkflowContext) => Promise<unknown>, request: Partial<EnqueueRequest> = {}) {
  const input = newUlid()
  works.set(input, work)
  const environmentIds = [newUlid()]
  const actor = { kind: 'system', id: 'test', name: 'Test' } as const
  return queue.enqueue({
    kind,
    site: 'a',
    environment: 'live',
    environmentIds,
    actor,
    input,
    dedupeKey: null,
    queue: false,
    ...request,
  })
}

async function ended(id: string) {
  for (let revision = 0; ;) {
    const record = await queue.waitForChange(id, revision, 5_000)
    if (record.state !== 'queued' && record.state !== 'running') return record
    revision = record.revision
  }
}

async function reaches(id: string, what: 'running' | 'cancelled') {
  for (let record = await queue.get(id); record.state !== what;) record = await queue.waitForChange(id, record.revision, 5_000)
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

test('a workflow keeps its steps, their output and progress, its log, warnings and result', async () => {
  const warning = { code: 'UNREADABLE', element: 'files', message: 'Cannot read a file', path: 'x' } as const
  const { workflow, existing } = await ask('backup', async (context) => {
    const size = await context.step('measure', async (run) => {
      run.progress({ doneBytes: 5 })
      run.progress({ totalBytes: 9, doneBytes: 9 })
      run.log('info', 'measured')
      run.warn(warning)
      run.warn(warning)
      return { bytes: 9 }
    })
    await context.step('rest', async () => {})
    return size.bytes
  })
  expect(existing).toBe(false)
  const record = await ended(workflow.id)
  expect(record).toMatchObject({ state: 'succeeded', result: 9, attempt: 1, failure: null, warnings: [warning], instance: 'one' })
  expect(await queue.steps(workflow.id)).toMatchObject([
    { name: 'measure', state: 'succeeded', output: { bytes: 9 }, progress: { doneBytes: 9, totalBytes: 9, doneItems: 0 } },
    { name: 'rest', state: 'succeeded', output: null, progress: null },
  ])
  expect((await queue.log(workflow.id)).map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info measured',
    'warn Cannot read a file: x',
    'warn Cannot read a file: x',
  ])
})

test('a failure is kept with its code and hint, at the workflow and at its step', async () => {
  const { workflow } = await ask('backup', (context) =>
    context.step('dump', async () => {
      throw new Failure('DUMP_FAILED', 'Cannot dump "shop": no trailer', { hint: 'Look', retry: 'later' })
    }),
  )
  const failure = { code: 'DUMP_FAILED', message: 'Cannot dump "shop": no trailer', hint: 'Look', retry: 'later' }
  expect(await ended(workflow.id)).toMatchObject({ state: 'failed', failure })
  expect(await queue.steps(workflow.id)).toMatchObject([{ state: 'failed', failure }])
})

test('the same request gets the same workflow back while it is open, and a new one afterwards', async () => {
  const { opened, open } = gate()
  const dedupeKey = newUlid()
  const [first, second] = await Promise.all([1, 2].map(() => ask('restore', () => opened, { dedupeKey })))
  expect(first?.workflow.id).toBe(second?.workflow.id)
  expect([first?.existing, second?.existing].sort()).toEqual([false, true])
  open()
  await ended(first?.workflow.id ?? '')
  const third = await ask('restore', async () => {}, { dedupeKey })
  expect(third.existing).toBe(false)
  await ended(third.workflow.id)
})

test('another workflow of a changing environment is refused as busy, or waits for its turn; the order is that of asking', async () => {
  const { opened, open } = gate()
  const environmentIds = [newUlid()]
  const order: string[] = []
  const named = (name: string) => async () => {
    order.push(name)
    if (name === 'first') await opened
    await sleep(30)
    order.push(`${name} ended`)
  }
  const first = await ask('restore', named('first'), { environmentIds })
  await expect(ask('restore', named('x'), { environmentIds })).rejects.toMatchObject({ code: 'WORKFLOW_BUSY' })
  await expect(ask('backup', named('x'), { environmentIds })).rejects.toMatchObject({ code: 'WORKFLOW_BUSY' })
  const later = []
  for (const name of ['second', 'third']) later.push(await ask('restore', named(name), { environmentIds, queue: true }))
  await reaches(first.workflow.id, 'running')
  await sleep(100)
  open()
  for (const { workflow } of later) await ended(workflow.id)
  expect(order).toEqual(['first', 'first ended', 'second', 'second ended', 'third', 'third ended'])
})

test('two workflows that change nothing run beside each other, and one on another environment waits for nobody', async () => {
  const environmentIds = [newUlid()]
  const { opened, open } = gate()
  const one = await ask('backup', () => opened, { environmentIds })
  const two = await ask('expire', async () => open(), { environmentIds })
  expect(await ended(two.workflow.id)).toMatchObject({ state: 'succeeded' })
  expect(await ended(one.workflow.id)).toMatchObject({ state: 'succeeded' })
})

test('two of one kind on one environment go one after the other, though they change nothing', async () => {
  const environmentIds = [newUlid()]
  const { opened, open } = gate()
  const order: string[] = []
  const one = await ask('backup', async () => opened.then(() => order.push('first')), { environmentIds })
  const two = await ask('backup', async () => order.push('second'), { environmentIds })
  await reaches(one.workflow.id, 'running')
  expect((await queue.get(two.workflow.id)).state).toBe('queued')
  open()
  expect(await ended(two.workflow.id)).toMatchObject({ state: 'succeeded' })
  expect(order).toEqual(['first', 'second'])
})

test('a waiting workflow is cancelled at once and never runs', async () => {
  const { opened, open } = gate()
  const environmentIds = [newUlid()]
  let ran = false
  const first = await ask('restore', () => opened, { environmentIds })
  const second = await ask('restore', async () => void (ran = true), { environmentIds, queue: true })
  expect(await queue.cancel(second.workflow.id)).toMatchObject({ state: 'cancelled', failure: { code: 'WORKFLOW_CANCELLED' } })
  open()
  await ended(first.workflow.id)
  expect(ran).toBe(false)
})

test('a running workflow is told within a moment and ends as cancelled, whatever its work throws', async () => {
  const { workflow } = await ask('restore', (context) =>
    context.step('copy', async (run) => {
      await sleep(20_000, undefined, { signal: run.signal })
    }),
  )
  await reaches(workflow.id, 'running')
  const before = performance.now()
  await queue.cancel(workflow.id)
  expect(await ended(workflow.id)).toMatchObject({ state: 'cancelled', failure: { code: 'WORKFLOW_CANCELLED' } })
  expect(performance.now() - before).toBeLessThan(1_000)
  expect(await queue.steps(workflow.id)).toMatchObject([{ name: 'copy', state: 'cancelled' }])
  expect(await queue.cancel(workflow.id)).toMatchObject({ state: 'cancelled' })
})

test('past the point of no return a cancel is refused, and the workflow goes on to its end', async () => {
  const { opened, open } = gate()
  const passed = gate()
  const { workflow } = await ask('restore', async (context) => {
    await context.pointOfNoReturn()
    passed.open()
    await opened
    return context.run.signal.aborted
  })
  await passed.opened
  await expect(queue.cancel(workflow.id)).rejects.toMatchObject({ code: 'WORKFLOW_PAST_CANCEL' })
  expect((await queue.get(workflow.id)).cancellable).toBe(false)
  open()
  expect(await ended(workflow.id)).toMatchObject({ state: 'succeeded', result: false })
  await expect(queue.cancel(workflow.id)).rejects.toMatchObject({ code: 'WORKFLOW_PAST_CANCEL' })
})

test('a cancel that comes first closes the point of no return', async () => {
  const { opened, open } = gate()
  let passed = false
  const { workflow } = await ask('restore', async (context) => {
    await opened
    await context.pointOfNoReturn()
    passed = true
  })
  await reaches(workflow.id, 'running')
  await queue.cancel(workflow.id)
  open()
  expect(await ended(workflow.id)).toMatchObject({ state: 'cancelled' })
  expect(passed).toBe(false)
})

test('an attempt that was overtaken can write nothing', async () => {
  const { opened, open } = gate()
  const { workflow } = await ask('backup', () => opened)
  await reaches(workflow.id, 'running')
  const { attempt } = await queue.get(workflow.id)
  const late = new Attempt(state.db, workflow.id, attempt - 1)
  const writes = [
    () => late.fence(),
    () => late.beat(),
    () => late.startStep('x', 1),
    () => late.setProgress('x', { doneBytes: 1, totalBytes: null, doneItems: 0, totalItems: null, note: null }),
    () => late.finishStep('x', { state: 'succeeded', output: 1, progress: null }),
    () => late.log('info', 'late'),
    () => late.warn({ code: 'LATE', element: null, message: 'late', path: null }),
    () => late.pointOfNoReturn(),
    () => late.putBack(),
    () => late.finish('succeeded', 1, null),
  ]
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'WORKFLOW_TAKEN_OVER' })
  open()
  expect(await ended(workflow.id)).toMatchObject({ warnings: [], state: 'succeeded', result: null })
  expect(await queue.steps(workflow.id)).toEqual([])
  expect(await queue.log(workflow.id)).toEqual([])
})

test('waitForChange answers at a change, and after its time without one', async () => {
  const { opened, open } = gate()
  const { workflow } = await ask('backup', () => opened)
  await reaches(workflow.id, 'running')
  const { revision } = await queue.get(workflow.id)
  const before = performance.now()
  expect((await queue.waitForChange(workflow.id, revision, 150)).revision).toBe(revision)
  expect(performance.now() - before).toBeGreaterThan(140)
  setTimeout(open, 50)
  expect((await queue.waitForChange(workflow.id, revision, 10_000)).revision).toBeGreaterThan(revision)
  expect(performance.now() - before).toBeLessThan(2_000)
})

test('locks of several environments are taken all or none', async () => {
  const [a, b, c] = [newUlid(), newUlid(), newUlid()]
  const held = await lockEnvironments(locksDirectory, [c, b])
  expect(await lockEnvironments(locksDirectory, [a, b])).toBeNull()
  const free = await lockEnvironments(locksDirectory, [a])
  expect(free).not.toBeNull()
  await free?.release()
  await held?.release()
  const all = await lockEnvironments(locksDirectory, [b, a, b, c])
  expect(all).not.toBeNull()
  await all?.release()
})

test('a workflow that is cancelled after it was put back begins no step any more, and takes back what it had done', async () => {
  let done: string[] = []
  const { workflow } = await ask('restore', async (context) => {
    try {
      await context.step('first', async () => void done.push('first'))
      await context.step('second', async (run) => {
        done.push(`second ${context.attempt}`)
        await sleep(20_000, undefined, { signal: run.signal })
      })
    } catch (error) {
      if (context.run.signal.reason !== 'shutdown') done = []
      throw error
    }
  })
  await expect.poll(() => done).toEqual(['first', 'second 1'])
  await worker.stop()
  expect(await queue.cancel(workflow.id)).toMatchObject({ state: 'queued' })
  worker = await startWorker({ queue, definitions, instance: 'one', concurrency: 4, beatMs: 500, sweepMs: 500 })
  expect(await ended(workflow.id)).toMatchObject({ state: 'cancelled', attempt: 2, failure: { code: 'WORKFLOW_CANCELLED' } })
  expect(done).toEqual([])
})

test('a worker that stops puts its workflow back, and the next one goes on with it', async () => {
  const attempts: number[] = []
  const { workflow } = await ask('backup', async (context) => {
    await context.step('kept', async () => void attempts.push(context.attempt))
    await context.step('interrupted', async (run) => {
      if (context.attempt === 1) await sleep(20_000, undefined, { signal: run.signal })
    })
  })
  while ((await queue.steps(workflow.id)).length < 2) await sleep(20)
  await worker.stop()
  expect(await queue.get(workflow.id)).toMatchObject({ state: 'queued' })
  worker = await startWorker({ queue, definitions, instance: 'one', concurrency: 4, beatMs: 500, sweepMs: 500 })
  expect(await ended(workflow.id)).toMatchObject({ state: 'succeeded', attempt: 2 })
  expect(attempts).toEqual([1])
})

test('one that cannot go on yet is tried again, later and later, and keeps its environment meanwhile', async () => {
  await worker.stop()
  const retryMs = { first: 200, most: 1200 }
  worker = await startWorker({ queue, definitions, instance: 'one', concurrency: 4, beatMs: 500, sweepMs: 50, retryMs })
  const environmentIds = [newUlid()]
  const at: number[] = []
  const { workflow } = await ask(
    'restore',
    async (context) => {
      await context.step('before', async () => {})
      await context.step('apply', async (run) => {
        await context.pointOfNoReturn()
        run.progress({ doneItems: 7 })
        at.push(performance.now())
        if (at.length < 5) throw new Unfinished(new Error('the disk is away'))
      })
    },
    { environmentIds },
  )
  await expect.poll(() => at.length, { interval: 5 }).toBeGreaterThanOrEqual(3)
  await expect.poll(async () => (await queue.get(workflow.id)).state, { interval: 5 }).toBe('queued')
  await expect(ask('restore', async () => {}, { environmentIds })).rejects.toMatchObject({ code: 'WORKFLOW_BUSY' })
  await expect(queue.cancel(workflow.id)).rejects.toMatchObject({ code: 'WORKFLOW_PAST_CANCEL' })
  const note = 'cannot go on yet: the disk is away; tried again in 1 s'
  expect(await queue.steps(workflow.id)).toMatchObject([
    { name: 'before', state: 'succeeded', progress: null },
    { name: 'apply', state: 'running', failure: null, progress: { doneItems: 7, note } },
  ])
  expect(await ended(workflow.id)).toMatchObject({ state: 'succeeded', attempt: 5, failure: null })
  for (const [index, least] of [195, 395, 795, 1195].entries())
    expect((at[index + 1] ?? 0) - (at[index] ?? 0)).toBeGreaterThanOrEqual(least)
  expect((await queue.log(workflow.id)).map(({ level, message }) => `${level} ${message}`)).toEqual(
    [0, 0, 1, 1].map((seconds) => `error cannot go on yet: the disk is away; tried again in ${seconds} s`),
  )
})

test('one that cannot go on yet goes on at once when the server comes again', async () => {
  await worker.stop()
  const options = { queue, definitions, instance: 'one', concurrency: 4, beatMs: 500, sweepMs: 500 }
  worker = await startWorker(options)
  const { workflow } = await ask('restore', (context) =>
    context.step('apply', async () => {
      await context.pointOfNoReturn()
      if (context.attempt === 1) throw new Unfinished(new Error('the disk is away'))
    }),
  )
  await expect.poll(async () => await queue.get(workflow.id)).toMatchObject({ state: 'queued', attempt: 1 })
  await sleep(1_200) // the sweep comes and leaves it alone
  expect(await queue.get(workflow.id)).toMatchObject({ state: 'queued', attempt: 1 })
  await worker.stop()
  worker = await startWorker(options)
  expect(await ended(workflow.id)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

test('before the point of no return nothing is tried again', async () => {
  const { workflow } = await ask('restore', async () => {
    throw new Unfinished(new Error('the disk is away'))
  })
  expect(await ended(workflow.id)).toMatchObject({ state: 'failed', attempt: 1 })
})
