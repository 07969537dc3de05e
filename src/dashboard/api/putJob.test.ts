import { expect, test } from 'vitest'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { putJob } from './putJob.ts'

const job = (id: string, state: WorkflowView['state'], revision = 1) => ({ id, state, revision }) as WorkflowView

test('what runs stays among the jobs, however many are asked for and end behind it', () => {
  let jobs = [job('long', 'running')]
  for (let at = 0; at < 100; at++) jobs = putJob(jobs, job(`short ${at}`, 'succeeded'))
  expect(jobs.map(({ id }) => id)).toContain('long')
  expect(jobs[0]?.id).toBe('short 99')
  expect(jobs.length).toBeLessThan(40)
})

test('a job stands there once, as it was told last', () => {
  const jobs = [job('a', 'running', 5), job('b', 'queued')]
  expect(putJob(jobs, job('a', 'queued', 2))).toEqual(jobs)
  expect(putJob(jobs, job('b', 'running', 2))).toEqual([job('a', 'running', 5), job('b', 'running', 2)])
})
