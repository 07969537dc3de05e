import { changeBackup, deleteBackup, recallBackup } from '../../backups/change.ts'
import { type Backup, findBackup } from '../../backups/catalogue.ts'
import { countBackups, listBackups } from '../../backups/list.ts'
import { viewBackup } from '../../backups/view.ts'
import { authorize } from '../../access/authorize.ts'
import { Failure } from '../../base/failure.ts'
import { BackupChange, BackupCreateInput, BackupsQuery, BackupView, EnvironmentParams, IdParams } from '../../contract/schemas.ts'
import { Backups, Started, type WorkflowView } from '../../contract/workSchemas.ts'
import type { WorkflowRecord } from '../../queue/records.ts'
import type { ApiDeps, Place } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewManyWithSteps, viewStarted } from '../viewWorkflow.ts'

const unfinishedDays = 7

export function backupRoutes(app: Api, { store, journeys, sites, queue }: ApiDeps): void {
  app.post(
    '/v1/sites/:site/environments/:environment/backups',
    {
      config: { action: 'backup.create' },
      schema: { summary: 'Take a backup', params: EnvironmentParams, body: BackupCreateInput, response: { 202: Started } },
    },
    async (request, reply) => {
      request.auditDetails = { elements: request.body.elements }
      return reply
        .code(202)
        .send(await viewStarted(queue, await journeys.backup(request.params, request.body, callerOf(request).actor)))
    },
  )

  app.get(
    '/v1/sites/:site/environments/:environment/backups',
    {
      config: { action: 'backup.list' },
      schema: {
        summary: 'Its backups, newest first',
        params: EnvironmentParams,
        querystring: BackupsQuery,
        response: { 200: Backups },
      },
    },
    async (request) => {
      const { all = false, ...query } = request.query
      const wanted = { ...request.params, all, ...query }
      const [rows, total, open] = await Promise.all([
        listBackups(store, wanted),
        countBackups(store, wanted),
        unfinished(queue, request.params),
      ])
      // what was deleted or forgotten left its backups, under this name: none found is no proof that there are none
      if (total === 0 && (await countBackups(store, { ...request.params, all: true })) === 0)
        await sites.findEnvironment(request.params, { preflight: false })
      return { backups: rows.map((row) => viewBackup(row)), total, unfinished: open }
    },
  )

  app.get(
    '/v1/backups/:id',
    {
      config: { action: 'backup.read', about: 'backup' },
      schema: { summary: 'One backup', params: IdParams, response: { 200: BackupView } },
    },
    async (request) => viewBackup(await findFinished({ store, queue }, request.params.id, { hidden: true })),
  )

  app.patch(
    '/v1/backups/:id',
    {
      config: { action: 'backup.edit', about: 'backup' },
      schema: { summary: 'Lock, annotate, keep longer', params: IdParams, body: BackupChange, response: { 200: BackupView } },
    },
    async (request) => {
      request.auditDetails = { ...request.body }
      const backup = await findBackup(store, request.params.id)
      if (endsSooner(backup, request.body))
        authorize(callerOf(request), 'backup.delete', { ...request.subject, object: backup.id })
      return viewBackup(await changeBackup(store, request.params.id, request.body, callerOf(request).actor))
    },
  )

  app.delete(
    '/v1/backups/:id',
    {
      config: { action: 'backup.delete', about: 'backup' },
      schema: { summary: 'Delete; can be recalled for seven days', params: IdParams, response: { 200: BackupView } },
    },
    async (request) => viewBackup(await deleteBackup(store, request.params.id, callerOf(request).actor)),
  )

  app.post(
    '/v1/backups/:id/recall',
    {
      config: { action: 'backup.recall', about: 'backup' },
      schema: { summary: 'Recall a deleted or expired one', params: IdParams, response: { 200: BackupView } },
    },
    async (request) => viewBackup(await recallBackup(store, request.params.id, callerOf(request).actor)),
  )
}

/**
 * Finds a backup, and words it when the name is that of a workflow that is still making one, or that failed to.
 *
 * @throws {Failure} BACKUP_NOT_FOUND, BACKUP_NOT_READY, BACKUP_UNUSABLE
 */
export async function findFinished(
  { store, queue }: Pick<ApiDeps, 'store' | 'queue'>,
  name: string,
  options: { hidden?: boolean } = {},
): Promise<Backup> {
  try {
    return await findBackup(store, name, options)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BACKUP_NOT_FOUND') throw error
    const workflow = await findWorkflow(queue, name)
    if (workflow?.kind !== 'backup') throw error
    if (workflow.state === 'queued' || workflow.state === 'running') {
      throw new Failure('BACKUP_NOT_READY', `Cannot use the backup of the workflow "${name}": it is still being made`, {
        hint: `Wait for it with "cairn workflow:wait ${name}"`,
        retry: 'later',
      })
    }
    if (workflow.state === 'succeeded') throw error
    throw new Failure(
      'BACKUP_UNUSABLE',
      `Cannot use the backup of the workflow "${name}": it ${workflow.state === 'failed' ? `failed. ${workflow.failure?.message ?? ''}` : 'was cancelled'}`,
      {
        hint: `"cairn workflow:info ${name}" tells why`,
      },
    )
  }
}

/** Without its lock, or with a shorter life, a backup is deleted sooner: that is the right to delete it. */
function endsSooner({ locked, expires_at }: Backup, { locked: lock, keepForDays }: BackupChange): boolean {
  if (locked && lock === false) return true
  if (keepForDays == null) return false
  return expires_at === null || Date.now() + keepForDays * 86_400_000 < expires_at.getTime()
}

async function findWorkflow(queue: ApiDeps['queue'], id: string): Promise<WorkflowRecord | null> {
  try {
    return await queue.get(id)
  } catch (error) {
    if (error instanceof Failure && error.code === 'WORKFLOW_NOT_FOUND') return null
    throw error
  }
}

async function unfinished(queue: ApiDeps['queue'], place: Place): Promise<WorkflowView[]> {
  const since = Date.now() - unfinishedDays * 86_400_000
  const records = await queue.list({ ...place, kind: 'backup', limit: 200 })
  const wanted = records.filter(({ state, createdAt }) => state !== 'succeeded' && createdAt.getTime() > since)
  return viewManyWithSteps(queue, wanted)
}
