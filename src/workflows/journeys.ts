import { createHash } from 'node:crypto'
import { Failure } from '../base/failure.ts'
import type { BackupCreateInput, RestoreInput as RestoreRequest, RestorePlan } from '../contract/schemas.ts'
import type { Actor, WorkflowKind } from '../contract/words.ts'
import type { Queue } from '../queue/queue.ts'
import type { WorkflowRecord } from '../queue/records.ts'
import type { Environment } from '../sites/environment.ts'
import type { BackupInput } from './backup/backup.ts'
import type { ExpireInput } from './expire.ts'
import type { House } from './house.ts'
import { noUndo } from './restore/changeEnvironment.ts'
import { previewRestore } from './restore/preview.ts'
import type { RestoreInput } from './restore/restore.ts'
import type { UndoInput } from './restore/undo.ts'
import { latestUndo } from './restore/undoSets.ts'

interface Place {
  site: string
  environment: string
}

interface Enqueued {
  workflow: WorkflowRecord
  existing: boolean
}

const keepForDaysDefault = 365

/** Starts journeys: finds what they are about, words their input, and puts them into the queue. */
export function makeJourneys(house: House, queue: Queue) {
  const start = (
    kind: WorkflowKind,
    environment: Environment,
    actor: Actor,
    input: BackupInput | RestoreInput | UndoInput | ExpireInput,
    options: { once: boolean; queue: boolean },
  ): Promise<Enqueued> =>
    queue.enqueue({
      kind,
      site: environment.site,
      environment: environment.name,
      environmentIds: [environment.id],
      actor,
      input,
      dedupeKey: options.once ? sameKey(kind, input) : null,
      queue: options.queue,
    })

  return {
    /** A backup waits for its turn: nobody wants a backup refused because a restore runs. */
    async backup(place: Place, asked: BackupCreateInput, actor: Actor): Promise<Enqueued> {
      const environment = await house.sites.find(place.site, place.environment)
      const input: BackupInput = {
        environmentId: environment.id,
        elements: asked.elements,
        keepForDays: asked.keepForDays ?? keepForDaysDefault,
        note: asked.note ?? null,
        paranoid: asked.paranoid ?? false,
      }
      return start('backup', environment, actor, input, { once: false, queue: true })
    },

    /** The same restore asked for twice is one workflow. @throws {Failure} WORKFLOW_BUSY unless `queue` */
    async restore(place: Place, asked: RestoreRequest, actor: Actor): Promise<Enqueued> {
      const environment = await house.sites.find(place.site, place.environment)
      await requireOwnBackup(house, environment, asked.backup)
      const input: RestoreInput = {
        environmentId: environment.id,
        backupId: asked.backup,
        elements: asked.elements,
        safetyBackup: asked.safetyBackup ?? true,
        withConfig: asked.withConfig ?? false,
      }
      return start('restore', environment, actor, input, { once: true, queue: asked.queue ?? false })
    },

    async previewRestore(place: Place, asked: RestoreRequest, _actor: Actor): Promise<RestorePlan> {
      const environment = await house.sites.find(place.site, place.environment)
      await requireOwnBackup(house, environment, asked.backup)
      const { backup: backupId, elements, withConfig = false } = asked
      return previewRestore(house, environment, { backupId, elements, withConfig })
    },

    /** @throws {Failure} UNDO_MISSING, WORKFLOW_BUSY */
    async undo(place: Place, actor: Actor): Promise<Enqueued> {
      const environment = await house.sites.find(place.site, place.environment)
      const row = await latestUndo(house, environment.id)
      if (row === null) throw noUndo(environment)
      const direction = row.state === 'ready' ? 'back' : 'forward'
      return start('undo', environment, actor, { environmentId: environment.id, direction }, { once: true, queue: false })
    },

    /** Puts the deletion of undo sets whose time is over into the queue, for every environment that has some. */
    async expire(now: Date): Promise<void> {
      const rows = await house.state.db
        .selectFrom('undo')
        .innerJoin('environment', 'environment.id', 'undo.environment_id') // of one that was removed nothing is left to delete from
        .select('environment_id')
        .distinct()
        .where('undo.state', '!=', 'dropped')
        .where('keep_until', '<=', now)
        .execute()
      const actor: Actor = { kind: 'system', id: 'retention', name: 'retention' }
      for (const { environment_id: id } of rows) {
        const environment = await house.sites.findById(id)
        await start('expire', environment, actor, { environmentId: id }, { once: true, queue: true })
      }
    },
  }
}

/** For now a backup goes back to where it was taken: another environment has other addresses and credentials. */
async function requireOwnBackup(house: House, environment: Environment, backupId: string): Promise<void> {
  const object = await house.repository.readBackupObject(backupId)
  if (object.environmentId === environment.id) return
  throw new Failure(
    'PREFLIGHT_REFUSED',
    `Cannot restore into "${environment.site}.${environment.name}": the backup "${backupId}" was taken of "${object.site}.${object.environment}"`,
    {
      hint: 'This version restores a backup into the environment that it was taken of; its archives can be downloaded and unpacked anywhere',
    },
  )
}

function sameKey(kind: WorkflowKind, input: object): string {
  return `${kind}:${createHash('sha256').update(JSON.stringify(input)).digest('hex')}`
}
