import { stopIfCancelled, type Run } from '../../base/run.ts'
import type { Ulid } from '../../base/ids.ts'
import { recordBackup } from '../../backups/catalogue.ts'
import { recordProof } from '../../backups/change.ts'
import type { Actor, Element, Trigger, Warning } from '../../contract/words.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { BackupObject } from '../../repository/types.ts'
import type { ElementProof } from '../../state/tables.ts'
import { Failure } from '../../base/failure.ts'
import type { House } from '../house.ts'
import { stopIdleThreads } from '../capture/warmThreads.ts'
import { commitAgain } from './commitAgain.ts'
import { proveArchive } from './prove.ts'
import { isDamage, proveTwice } from './proveTwice.ts'
import { readEnvironment } from './readEnvironment.ts'

export interface BackupRequest {
  /** The backup's id: that of the workflow that takes it, so that a workflow that is taken over takes the same one */
  id: Ulid
  environmentId: string
  elements: Element[]
  trigger: Trigger
  actor: Actor
  /** Null keeps for ever */
  keepForDays: number | null
  note: string | null
  /** Reads every file, also those that look unchanged */
  paranoid: boolean
  workflowId: string
}

/** Runs and remembers one named step: `context.step`, or the same with a prefix. */
export type Steps = <T>(name: string, work: (run: Run) => Promise<T>) => Promise<T>

/**
 * Takes one backup in three steps. *capture* reads the environment at one moment and stores chunks and manifests; nothing refers
 * to them yet. *commit* looks every chunk up and pins it anew in a session of its own, writes the backup object (the only commit
 * point) and the row. *prove* reads every archive back.
 *
 * Each step may be repeated after a crash: capture finds the chunks that are stored, commit finds its own object, prove begins anew.
 */
export async function takeBackup(house: House, request: BackupRequest, step: Steps): Promise<{ backup: Ulid }> {
  const object = await step('capture', (run) => captureObject(house, request, run))
  await step('commit', (run) => commit(house, object, request, run))
  await step('prove', (run) => prove(house, object, request, run))
  return { backup: request.id }
}

async function captureObject(house: House, request: BackupRequest, run: Run): Promise<BackupObject> {
  const environment = await house.sites.findById(request.environmentId)
  const startedAt = run.now()
  const warnings: Warning[] = []
  const watched: Run = {
    ...run,
    warn: (warning) => {
      warnings.push(warning)
      // those of a safety backup are about the state that is being left: they stand with that backup, not with the restore
      if (request.trigger === 'safety') run.log('warn', warning.message)
      else run.warn(warning)
    },
  }
  const reading = await readEnvironment(house, environment, request, watched)
  return {
    version: 1,
    id: request.id,
    site: environment.site,
    environment: environment.name,
    environmentId: environment.id,
    trigger: request.trigger,
    actor: request.actor,
    startedAt: startedAt.toISOString(),
    momentAt: reading.momentAt.toISOString(),
    elements: reading.elements,
    warnings,
    facts: reading.facts,
    sealedConfig: reading.sealedConfig,
    expiresAt:
      request.keepForDays === null ? null : new Date(startedAt.getTime() + request.keepForDays * 86_400_000).toISOString(),
    note: request.note,
  }
}

/** Safe to repeat: a commit that was made, and whose answer was lost, is found by its object. */
async function commit(house: House, object: BackupObject, request: BackupRequest, run: Run): Promise<void> {
  stopIfCancelled(run)
  const known = await house.repository.listBackupObjects()
  if (known.includes(object.id)) await recordBackup(house.store.db, object, request.workflowId)
  else await commitAgain(house.repository, object, async (trx) => void (await recordBackup(trx, object, request.workflowId)))
}

async function prove(house: House, object: BackupObject, request: BackupRequest, run: Run): Promise<void> {
  await stopIdleThreads() // those that read the last element are not needed again, and hold 15 to 25 MB each
  const elements: Partial<Record<Element, ElementProof>> = {}
  for (const [element, stored] of Object.entries(object.elements) as [
    Element,
    NonNullable<BackupObject['elements'][Element]>,
  ][]) {
    run.progress({ note: element, doneBytes: 0, totalBytes: stored.archiveLength })
    try {
      const manifest = await house.repository.loadManifest(unpackChunkRef(Buffer.from(stored.manifest, 'hex')))
      const proof = await proveTwice(element, run, () => proveArchive(house.repository, manifest, run))
      elements[element] = { ...proof, provenAt: run.now().toISOString() }
    } catch (error) {
      if (!isDamage(error)) throw error
      await recordProof(house.store, request.id, { state: 'damaged', elements }, request.actor)
      throw new Failure('BACKUP_UNUSABLE', `Cannot prove the backup "${request.id}": ${error.message}`, {
        hint: 'It is kept apart and never offered for restore; run "cairn repository:check --read-data", then take another backup',
        cause: error,
      })
    }
  }
  await recordProof(house.store, request.id, { state: 'proven', elements }, request.actor)
}
