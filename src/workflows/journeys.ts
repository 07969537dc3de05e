import { createHash } from 'node:crypto'
import { Failure } from '../base/failure.ts'
import type { BackupCreateInput, RestoreInput as RestoreRequest, RestorePlan } from '../contract/schemas.ts'
import type { Actor, WorkflowKind } from '../contract/words.ts'
import type { Queue } from '../queue/queue.ts'
import type { WorkflowRecord } from '../queue/records.ts'
import type { Environment } from '../sites/environment.ts'
import type { BackupInput } from './backup/backup.ts'
import { type DetachInput, requireAttached } from './detach.ts'
import type { ExpireInput } from './expire.ts'
import type { House } from './house.ts'
import { checkManagedRestore } from './managed/restore.ts'
import { findManagedUndo } from './managed/undo.ts'
import { overdueTips } from './managed/undoRefs.ts'
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
    input: BackupInput | RestoreInput | UndoInput | ExpireInput | DetachInput,
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
      await requireRestorable(house, environment, asked)
      const input: RestoreInput = {
        environmentId: environment.id,
        backupId: asked.backup,
        elements: asked.elements,
        safetyBackup: asked.safetyBackup ?? true,
        withConfig: asked.withConfig ?? false,
        ...(asked.replaceAddresses === undefined ? {} : { replaceAddresses: asked.replaceAddresses }),
      }
      return start('restore', environment, actor, input, { once: true, queue: asked.queue ?? false })
    },

    async previewRestore(place: Place, asked: RestoreRequest, _actor: Actor): Promise<RestorePlan> {
      const environment = await house.sites.find(place.site, place.environment)
      await requireRestorable(house, environment, asked)
      const { backup: backupId, elements, withConfig = false } = asked
      return previewRestore(house, environment, { backupId, elements, withConfig })
    },

    /** @throws {Failure} UNDO_MISSING, WORKFLOW_BUSY */
    async undo(place: Place, actor: Actor): Promise<Enqueued> {
      const environment = await house.sites.find(place.site, place.environment)
      const direction = await undoDirection(house, environment)
      if (direction === null) throw noUndo(environment)
      return start('undo', environment, actor, { environmentId: environment.id, direction }, { once: true, queue: false })
    },

    /** @throws {Failure} PREFLIGHT_REFUSED for a managed one, WORKFLOW_BUSY */
    async detach(place: Place, actor: Actor): Promise<Enqueued> {
      const environment = await house.sites.find(place.site, place.environment)
      requireAttached(environment)
      return start('detach', environment, actor, { environmentId: environment.id }, { once: true, queue: false })
    },

    /**
     * Puts the deletion of undo sets, kept releases and kept tips whose time is over into the queue, for every environment that
     * has some.
     *
     * @param tell is given what kept a site from being looked at; the others are
     */
    async expire(now: Date, tell: (error: unknown, site: string) => void): Promise<void> {
      const rows = await house.state.db
        .selectFrom('undo')
        .innerJoin('environment', 'environment.id', 'undo.environment_id') // of one that was removed nothing is left to delete from
        .select('environment_id')
        .distinct()
        .where('undo.state', '!=', 'dropped')
        .where('keep_until', '<=', now)
        .execute()
      const releases = await house.state.db
        .selectFrom('release')
        .innerJoin('environment', 'environment.id', 'release.environment_id')
        .select('environment_id')
        .distinct()
        .where('release.state', '=', 'kept')
        .where('keep_until', '<=', now)
        .execute()
      const actor: Actor = { kind: 'system', id: 'retention', name: 'retention' }
      const expireIn = async (environment: Environment): Promise<void> =>
        void (await start('expire', environment, actor, { environmentId: environment.id }, { once: true, queue: true }))
      const ids = new Set([...rows, ...releases].map((row) => row.environment_id))
      for (const id of ids) await expireIn(await house.sites.findById(id))
      // a repository is somebody else's work: one that is damaged says so every hour
      for (const { name: site, environments } of await house.sites.listSites()) {
        try {
          if (!environments.includes('dev') || (await overdueTips(house, site, now)).length === 0) continue
          const dev = await house.sites.find(site, 'dev')
          if (!ids.has(dev.id)) await expireIn(dev)
        } catch (error) {
          tell(error, site)
        }
      }
    },
  }
}

async function undoDirection(house: House, environment: Environment): Promise<UndoInput['direction'] | null> {
  if (environment.managed !== null) return (await findManagedUndo(house, environment.id))?.direction ?? null
  const row = await latestUndo(house, environment.id)
  return row === null ? null : row.state === 'ready' ? 'back' : 'forward'
}

/** A managed environment takes backups of any; an attached one those taken of it: others have other addresses and credentials. */
async function requireRestorable(house: House, environment: Environment, { backup, elements }: RestoreRequest): Promise<void> {
  if (environment.managed !== null) return checkManagedRestore(house, environment, { backupId: backup, elements })
  const backupId = backup
  const object = await house.repository.readBackupObject(backupId)
  if (object.environmentId === environment.id) return
  if (await isForgotten(house, environment, object)) return
  throw new Failure(
    'PREFLIGHT_REFUSED',
    `Cannot restore into "${environment.site}.${environment.name}": the backup "${backupId}" was taken of "${object.site}.${object.environment}"`,
    {
      hint: 'A managed site takes it: cairn site:create makes one out of it; its archives can be downloaded and unpacked anywhere',
    },
  )
}

/** Of an environment of this name that is known no more: it was detached and attached anew, or the state database was lost. */
async function isForgotten(
  { state }: Pick<House, 'state'>,
  { site, name }: Environment,
  object: { site: string; environment: string; environmentId: string },
): Promise<boolean> {
  if (object.site !== site || object.environment !== name) return false
  const row = await state.db.selectFrom('environment').select('id').where('id', '=', object.environmentId).executeTakeFirst()
  return row === undefined
}

function sameKey(kind: WorkflowKind, input: object): string {
  return `${kind}:${createHash('sha256').update(JSON.stringify(input)).digest('hex')}`
}
