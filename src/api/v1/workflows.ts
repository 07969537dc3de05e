import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../../base/failure.ts'
import { IdParams } from '../../contract/schemas.ts'
import { CancelInput, WaitQuery, WorkflowLog, Workflows, WorkflowsQuery, WorkflowView } from '../../contract/workSchemas.ts'
import type { ApiDeps, ApiLimits, WorkDesk } from '../deps.ts'
import type { Api } from '../server.ts'

const waitSecondsDefault = 20
const ended: readonly WorkflowView['state'][] = ['succeeded', 'failed', 'cancelled']

export function workflowRoutes(app: Api, { work }: ApiDeps, limits: ApiLimits): void {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/v1/workflows',
    {
      config: { action: 'workflow.list' },
      schema: { summary: 'Workflows, newest first', querystring: WorkflowsQuery, response: { 200: Workflows } },
    },
    async (request) => ({ workflows: await work.list({ ...request.query, limit: request.query.limit ?? 50 }) }),
  )

  app.get(
    '/v1/workflows/:id',
    {
      config: { action: 'workflow.read' },
      schema: { summary: 'One workflow', params: IdParams, response: { 200: WorkflowView } },
    },
    async (request) => find(work, request.params.id),
  )

  app.get(
    '/v1/workflows/:id/wait',
    {
      config: { action: 'workflow.read' },
      schema: { summary: 'Answers when it changed', params: IdParams, querystring: WaitQuery, response: { 200: WorkflowView } },
    },
    async (request, reply) => {
      const { id } = request.params
      const { seconds = waitSecondsDefault } = request.query
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const before = await find(work, id)
      const since = request.query.since ?? before.revision
      if (ended.includes(before.state) || before.revision !== since) return before
      await untilChanged(work, {
        id,
        since,
        ms: seconds * 1000,
        pollMs: limits.pollMs,
        signal: AbortSignal.any([left.signal, closing.signal]),
      })
      return find(work, id)
    },
  )

  app.get(
    '/v1/workflows/:id/log',
    { config: { action: 'workflow.read' }, schema: { summary: 'Its log', params: IdParams, response: { 200: WorkflowLog } } },
    async (request) => {
      await find(work, request.params.id)
      return { lines: await work.log(request.params.id) }
    },
  )

  app.post(
    '/v1/workflows/:id/cancel',
    {
      config: { action: 'workflow.cancel' },
      schema: {
        summary: 'Cancel; refused once it changes the environment',
        params: IdParams,
        body: CancelInput,
        response: { 200: WorkflowView },
      },
    },
    async (request) => {
      await find(work, request.params.id)
      await work.cancel(request.params.id, { force: request.body.force ?? false })
      return find(work, request.params.id)
    },
  )
}

async function find(work: WorkDesk, id: string): Promise<WorkflowView> {
  const workflow = await work.find(id)
  if (workflow !== null) return workflow
  throw new Failure('WORKFLOW_NOT_FOUND', `Cannot find the workflow "${id}": no workflow has this id`, {
    hint: 'Run "cairn workflow:list SITE.ENV" to see them',
  })
}

async function untilChanged(
  work: WorkDesk,
  wait: { id: string; since: number; ms: number; pollMs: number; signal: AbortSignal },
): Promise<void> {
  const until = Date.now() + wait.ms
  while (Date.now() < until && !wait.signal.aborted) {
    try {
      await sleep(Math.min(wait.pollMs, Math.max(1, until - Date.now())), undefined, { signal: wait.signal })
    } catch (error) {
      if (isErrno(error, 'ABORT_ERR')) return
      throw error
    }
    if ((await work.revision(wait.id)) !== wait.since) return
  }
}
