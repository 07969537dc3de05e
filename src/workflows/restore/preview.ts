import { statfs } from 'node:fs/promises'
import { previewApply } from '../../releases/apply/prepare.ts'
import type { ApplyPreview } from '../../releases/apply/types.ts'
import { changesOf, countRows } from '../../releases/database/changesOf.ts'
import { quietRun } from '../../base/run.ts'
import type { RestorePlan } from '../../contract/schemas.ts'
import type { Element } from '../../contract/words.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { applyParts, type TreeElement, withTools } from './applyParts.ts'
import { checkRestore } from './checkRestore.ts'
import { reportConfig } from './config.ts'
import { type BackupManifests, dumpFactsOf, loadManifests } from './manifests.ts'

const examplesMax = 20
/** What staging and checking did on a small machine; an estimate for people, and said to be one */
const stagedBytesPerSecond = 60e6

/** What a restore would change, by the functions that would change it. Touches nothing of the site. */
export async function previewRestore(
  house: House,
  environment: Environment,
  asked: { backupId: string; elements: readonly Element[]; withConfig: boolean },
): Promise<RestorePlan> {
  const { mode } = environment.managed === null ? await checkRestore(house, environment, asked) : { mode: 'a new release' }
  const manifests = await loadManifests(house, asked.backupId, asked.elements)
  const run = quietRun()
  if (environment.managed === null) await reportConfig(house, environment, manifests.code ?? null, asked.withConfig, run)
  const code = await previewTree(house, environment, 'code', manifests, asked.withConfig)
  const files = await previewTree(house, environment, 'files', manifests, asked.withConfig)
  const database =
    manifests.database === undefined ? null : changesOf(await countRows(environment.database), dumpFactsOf(manifests.database))
  const needed = (code?.counts.bytesToWrite ?? 0) + (files?.counts.bytesToWrite ?? 0) + (database?.stagedBytes ?? 0)
  const { bavail, bsize } = await statfs(environment.codeRoot)
  return {
    backup: asked.backupId,
    environment: `${environment.site}.${environment.name}`,
    mode,
    code: code === null ? null : countsOf(code),
    files: files === null ? null : countsOf(files),
    database:
      database === null
        ? null
        : {
            tables: database.added.length + database.replaced.length,
            rows: database.rowsThen,
            bytes: dumpFactsOf(manifests.database as NonNullable<BackupManifests['database']>).sizeBytes,
            tablesRemoved: database.removed.map(({ name }) => name),
          },
    spaceNeededBytes: needed,
    spaceFreeBytes: bavail * bsize,
    estimatedSeconds: Math.ceil(2 + needed / stagedBytesPerSecond),
    warnings: run.warnings,
  }
}

/** What laying one tree of a backup would change. */
export async function previewTree(
  house: House,
  environment: Environment,
  element: TreeElement,
  manifests: BackupManifests,
  withConfig: boolean,
): Promise<ApplyPreview | null> {
  const manifest = manifests[element]
  if (manifest === undefined) return null
  return withTools(house, environment, [element], (tools) => {
    const parts = applyParts({ house, environment, manifests: { [element]: manifest }, withConfig, ...tools })
    return previewApply({ parts, run: quietRun() })
  })
}

export function countsOf({ counts, changes }: ApplyPreview): NonNullable<RestorePlan['files']> {
  return {
    added: counts.filesAdded,
    changed: counts.filesChanged,
    removed: counts.filesRemoved,
    unchanged: counts.unchanged,
    bytes: counts.bytesToWrite,
    examples: changes.slice(0, examplesMax).map(({ change, path }) => ({ change, path })),
  }
}
