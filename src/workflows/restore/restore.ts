import { newWorkName } from '../../releases/apply/work.ts'
import { prepareApply, refreshApply } from '../../releases/apply/prepare.ts'
import { recoverApply } from '../../releases/apply/recover.ts'
import { prepareDatabase } from '../../releases/database/prepareDatabase.ts'
import { Failure } from '../../base/failure.ts'
import { parseUlid } from '../../base/ids.ts'
import type { Run } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import { openArchive } from '../../repository/archiveOut.ts'
import type { Environment } from '../../sites/environment.ts'
import { takeBackup } from '../backup/takeBackup.ts'
import type { House } from '../house.ts'
import { restoreManaged } from '../managed/restore.ts'
import { applyHome, applyParts, withTools } from './applyParts.ts'
import { type Change, databaseDirectory, dropPrepared, dropTakenBack, isPlayed, playChange } from './changeEnvironment.ts'
import { checkRestore } from './checkRestore.ts'
import { reportConfig, restoreConfigOutside } from './config.ts'
import { type BackupManifests, dumpFactsOf, loadManifests, readDump } from './manifests.ts'
import { hasUndo, recordUndo } from './undoSets.ts'
import { isUnfinished, untilEnded } from './unfinished.ts'

export interface RestoreInput {
  environmentId: string
  backupId: string
  elements: Element[]
  safetyBackup: boolean
  withConfig: boolean
  /** Of managed environments */
  replaceAddresses?: boolean
}

export interface RestoreResult {
  backup: string
  safetyBackup: string | null
}

/**
 * Restores elements of a backup. Into a managed environment as a new release; into an attached one: safety backup, everything staged beside the site and verified,
 * then one change under maintenance, with an undo set. Until the change begins it can be cancelled and nothing of the site has
 * changed; from then on it goes to its end, also after a crash.
 */
export function restoreWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<RestoreInput, RestoreResult>({
    kind: 'restore',
    version: 1,
    changes: true,
    run: (context, input) => untilEnded(house, context.id, () => restore(house, context, input)),
  })
}

async function restore(house: House, context: WorkflowContext, input: RestoreInput): Promise<RestoreResult> {
  const environment = await house.sites.findById(input.environmentId)
  if (environment.managed !== null) return restoreManaged(house, context, input)
  const { workName } = await context.step('check', async () => {
    await checkRestore(house, environment, input)
    return { workName: newWorkName() } // remembered before the first directory of this name is made
  })
  const change: Change = {
    id: context.id,
    home: applyHome(environment, input.elements, workName),
    database: input.elements.includes('database'),
  }
  const manifests = await loadManifests(house, input.backupId, input.elements)
  try {
    const safety = input.safetyBackup ? await safetyBackup(house, context, environment) : null
    if (change.home !== null)
      await context.step('stage files', (run) => stageTrees(house, environment, input, change, workName, manifests, run))
    if (change.database) await context.step('stage database', (run) => stageDatabase(house, environment, change, manifests, run))
    await context.step('apply', async (run) => {
      await context.pointOfNoReturn()
      await context.fence()
      await untilEnded(house, change.id, () => apply(house, environment, input, change, workName, manifests, run))
    })
    await context.step('finish', async () =>
      recordUndo(house, { change, environment, workflowId: context.id, backupId: input.backupId, safetyBackupId: safety }),
    )
    return { backup: input.backupId, safetyBackup: safety }
  } catch (error) {
    // a shutdown or a take-over ends this attempt, not the restore: what is staged is used by the next one
    if (isInterrupted(context, error) || isUnfinished(house, change.id)) throw error
    const run = calm(context.run)
    if (!isPlayed(house, change)) await dropPrepared(house, environment, change, run)
    else if (!(await hasUndo(house, change))) {
      await dropTakenBack(house, environment, change, run).catch((left: unknown) =>
        run.log('error', `what was staged could not be deleted: ${left instanceof Error ? left.message : String(left)}`),
      )
    }
    throw error
  }
}

async function safetyBackup(house: House, context: WorkflowContext, environment: Environment): Promise<string> {
  const { backup } = await takeBackup(
    house,
    {
      id: parseUlid(context.id),
      environmentId: environment.id,
      elements: ['code', 'files', 'database'],
      trigger: 'safety',
      actor: context.actor,
      keepForDays: house.undoKeepDays,
      note: null,
      paranoid: false,
      workflowId: context.id,
    },
    (name, work) => context.step(`safety backup: ${name}`, work),
  )
  return backup
}

async function stageTrees(
  house: House,
  environment: Environment,
  input: RestoreInput,
  change: Change,
  workName: string,
  manifests: BackupManifests,
  run: Run,
): Promise<{ added: number; changed: number; removed: number }> {
  if (change.home !== null) await recoverApply(change.home, { run }) // what a former attempt laid ready
  await reportConfig(house, environment, manifests.code ?? null, input.withConfig, run)
  return withTools(house, environment, input.elements, async (tools) => {
    const parts = applyParts({ house, environment, manifests, withConfig: input.withConfig, ...tools })
    const { counts } = await prepareApply({ parts, workName, run })
    return { added: counts.filesAdded, changed: counts.filesChanged, removed: counts.filesRemoved }
  })
}

async function stageDatabase(
  house: House,
  environment: Environment,
  change: Change,
  manifests: BackupManifests,
  run: Run,
): Promise<void> {
  const manifest = manifests.database
  if (manifest === undefined) throw new Failure('ELEMENT_MISSING', 'Cannot stage the database: the backup does not hold it')
  const archive = openArchive(house.repository, manifest)
  await prepareDatabase({
    id: change.id,
    directory: databaseDirectory(house, change),
    credentials: environment.database,
    admin: environment.adminDatabase,
    dump: readDump(archive, run),
    wanted: dumpFactsOf(manifest),
    run,
  })
}

async function apply(
  house: House,
  environment: Environment,
  input: RestoreInput,
  change: Change,
  workName: string,
  manifests: BackupManifests,
  run: Run,
): Promise<void> {
  await withTools(house, environment, input.elements, (tools) =>
    playChange(house, environment, change, 'forward', run, async () => {
      if (change.home === null) return
      const parts = applyParts({ house, environment, manifests, withConfig: input.withConfig, ...tools })
      await refreshApply({ parts, workName, run }, { home: change.home })
    }),
  )
  if (input.elements.includes('code')) await restoreConfigOutside(house, input.backupId, run)
}

function isInterrupted(context: WorkflowContext, error: unknown): boolean {
  if (error instanceof Failure && error.code === 'WORKFLOW_TAKEN_OVER') return true
  return context.run.signal.reason === 'shutdown' || context.run.signal.reason === 'lost'
}

/** For cleaning up after a cancel: the same run, not cancelled. */
function calm(run: Run): Run {
  return { ...run, signal: new AbortController().signal }
}
