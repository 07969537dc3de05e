import { authorize } from '../../access/authorize.ts'
import { startedBy } from '../../contract/actions.ts'
import { sitesWhere } from '../../contract/rights.ts'
import { IdParams } from '../../contract/schemas.ts'
import { type WorkflowKind, workflowKinds } from '../../contract/words.ts'
import { CancelInput, WaitQuery, WorkflowLog, Workflows, WorkflowsQuery, WorkflowView } from '../../contract/workSchemas.ts'
import { isOpen } from '../../queue/records.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewManyWithSteps, viewWithSteps } from '../viewWorkflow.ts'

const waitSecondsDefault = 20
const listDefault = 50

export function workflowRoutes(app: Api, { queue }: ApiDeps): void {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/v1/workflows',
    {
      config: { action: 'workflow.list' },
      schema: { summary: 'Workflows, newest first', querystring: WorkflowsQuery, response: { 200: Workflows } },
    },
    async (request) => {
      const sites = sitesWhere(callerOf(request).rights, 'workflow.read')
      const records = await queue.list({ ...request.query, sites, limit: request.query.limit ?? listDefault })
      return { workflows: await viewManyWithSteps(queue, records) }
    },
  )

  app.get(
    '/v1/workflows/:id',
    {
      config: { action: 'workflow.read', about: 'workflow' },
      schema: { summary: 'One workflow', params: IdParams, response: { 200: WorkflowView } },
    },
    async (request) => viewWithSteps(queue, await queue.get(request.params.id)),
  )

  app.get(
    '/v1/workflows/:id/wait',
    {
      config: { action: 'workflow.read', about: 'workflow' },
      schema: { summary: 'Answers when it changed', params: IdParams, querystring: WaitQuery, response: { 200: WorkflowView } },
    },
    async (request, reply) => {
      const { id } = request.params
      const { seconds = waitSecondsDefault, since } = request.query
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const before = await queue.get(id)
      if (!isOpen(before)) return viewWithSteps(queue, before)
      const signal = AbortSignal.any([left.signal, closing.signal])
      return viewWithSteps(queue, await queue.waitForChange(id, since ?? before.revision, seconds * 1000, signal))
    },
  )

  app.get(
    '/v1/workflows/:id/log',
    {
      config: { action: 'workflow.read', about: 'workflow' },
      schema: { summary: 'Its log', params: IdParams, response: { 200: WorkflowLog } },
    },
    async (request) => {
      const { id } = await queue.get(request.params.id)
      return { lines: (await queue.log(id)).map(({ at, level, message }) => ({ at: at.toISOString(), level, message })) }
    },
  )

  app.post(
    '/v1/workflows/:id/cancel',
    {
      config: { action: 'workflow.cancel', about: 'workflow' },
      schema: {
        summary: 'Cancel; refused once it changes the environment',
        params: IdParams,
        body: CancelInput,
        response: { 200: WorkflowView },
      },
    },
    async (request) => {
      const { kind, id } = await queue.get(request.params.id)
      const action = isKind(kind) ? startedBy[kind] : 'workflow.cancel'
      authorize(callerOf(request), action, { ...request.subject, object: id })
      return viewWithSteps(queue, await queue.cancel(id, { force: request.body.force ?? false }))
    },
  )
}

function isKind(kind: string): kind is WorkflowKind {
  return workflowKinds.some((known) => known === kind)
}
