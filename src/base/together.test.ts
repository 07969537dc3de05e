import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { quietRun, stopIfCancelled } from './run.ts'
import { together } from './together.ts'

test('what fails first stops the other parts, and is what they fail with', async () => {
  const { run, part } = together(quietRun())
  const long = part(async () => {
    for (;;) {
      stopIfCancelled(run)
      await sleep(1)
    }
  })
  const bad = new Failure('ARCHIVE_REFUSED', 'Cannot use it')
  const ends = await Promise.allSettled([
    long,
    part(async () => {
      throw bad
    }),
    part(async () => 'done already'),
  ])
  expect(ends).toEqual([
    { status: 'rejected', reason: bad },
    { status: 'rejected', reason: bad },
    { status: 'fulfilled', value: 'done already' },
  ])
})

test('a cancelled run cancels every part, and a part that fails cancels nobody else', async () => {
  const cancel = new AbortController()
  const outer = quietRun(cancel.signal)
  const one = together(outer)
  const other = together(outer)
  await expect(one.part(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect([one.run.signal.aborted, outer.signal.aborted, other.run.signal.aborted]).toEqual([true, false, false])
  cancel.abort()
  await expect(other.part(async () => stopIfCancelled(other.run))).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
})
