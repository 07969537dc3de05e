import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { openForeignFile } from '../../archive/foreign/openForeign.ts'
import { scanDump } from '../../intake/archives/scanDump.ts'
import { findDump } from '../../intake/archives/checkDump.ts'
import { findFiles } from '../../intake/archives/checkFiles.ts'
import type { ImportPlan, ManagedResult } from '../../contract/managedSchemas.ts'
import type { Element, Warning } from '../../contract/words.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import type { Manifest } from '../../repository/types.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { stopIdleThreads } from '../capture/warmThreads.ts'
import { archivePart } from '../intake/archivePart.ts'
import { countsOf, previewTree } from '../restore/preview.ts'
import { dumpInside, readArchives } from '../intake/readArchives.ts'
import { storeArchive } from '../intake/storeArchive.ts'
import { codeFrom, commitInto, provideSiteRepository } from './code.ts'
import { databaseFrom, filesFrom, type LoadingOptions } from './content.ts'
import { type GivenInput, takeGiven } from './given.ts'
import { orMasterBack } from './masterBack.ts'
import { thenTag } from './ownCommit.ts'
import { knownOf } from './parts.ts'
import { type Ground, openGround, putRelease, type WantedRelease } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'

/** From here on the start of threads is little of the time that an import takes. */
const largeBytes = 64e6

export interface ImportInput {
  environmentId: string
  element: Element
  given: GivenInput
  how: 'replace' | 'overlay'
  replaceAddresses: boolean
  /** Lists what would change, and changes nothing; not of a database */
  dryRun: boolean
}

/** Puts code, files or a database from an archive into an environment; the other two stay. A refusal changes nothing. */
export function importWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<ImportInput, ManagedResult | ImportPlan>({
    kind: 'import',
    version: 1,
    changes: true,
    async run(context, input) {
      const environment = await house.sites.findById(input.environmentId)
      if (input.dryRun) return context.step('look', (run) => planImport(house, context, environment, input, run))
      const safety = await safetyBackup(house, context, environment)
      const make = (ground: Ground, run: Run, say: (sentence: string) => void) =>
        releaseFromFile(house, context, ground, input, run, say)
      const put = await orMasterBack(house, context, environment, () =>
        thenTag(house, context, environment, () => putRelease(house, context, { environmentId: environment.id, make })),
      )
      return resultOf(house, environment.id, put, safety)
    },
  })
}

async function planImport(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  input: ImportInput,
  run: Run,
): Promise<ImportPlan> {
  const warnings: Warning[] = []
  const heard: Run = { ...run, warn: (warning) => (warnings.push(warning), run.warn(warning)) }
  const ground = await openGround(house, environment.id)
  const { manifest, close } = await releaseFromFile(house, context, ground, input, heard, () => {})
  try {
    if (manifest === null || input.element === 'database') throw new Error('only trees are compared')
    const seen = await previewTree(house, environment, input.element, { [input.element]: manifest }, false)
    if (seen === null) throw new Error('nothing was compared')
    const { added, changed, removed, ...counts } = countsOf(seen)
    // every files tree has one, made where the archive has none
    const examples = counts.examples.filter(
      ({ change, path }) => input.element !== 'files' || change !== 'removed' || path !== 'private',
    )
    if (input.how === 'replace') return { added, changed, removed, examples, warnings }
    return { added, changed, removed: 0, examples: examples.filter(({ change }) => change !== 'removed'), warnings }
  } finally {
    await close?.()
  }
}

type Changed = Partial<WantedRelease> & Pick<WantedRelease, 'expectedBytes'> & { manifest: Manifest | null }

async function releaseFromFile(
  house: House,
  context: WorkflowContext,
  ground: Ground,
  input: ImportInput,
  run: Run,
  say: (sentence: string) => void,
): Promise<WantedRelease & Changed> {
  const { environment } = ground
  const session = await house.repository.openSession()
  const ends: (() => Promise<void>)[] = [() => session.close()]
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    const given = await takeGiven(house, context.id, input.given, run)
    ends.push(() => given.close())
    const workDirectory = house.managed.intake.directory
    const reading = { repository: house.repository, session, workDirectory, run }
    const commit = environment.managed?.commit ?? ''
    const known = knownOf(ground)
    const same: WantedRelease = {
      ...{ framework: environment.framework, commit, files: 'kept', database: 'kept', site: known, close },
      ...{ expectedBytes: 10e6, backup: null, what: `imported ${input.element}` },
      code: codeFrom(await provideSiteRepository(house, environment.site), commit, run),
    }
    const changed = input.element === 'code' ? await importedCode() : await importedContent()
    return { ...same, ...changed }

    async function importedCode(): Promise<Changed> {
      const archives = await readArchives({ ...reading, given: [{ role: 'code', path: given.path, name: given.name }] })
      ends.push(() => archives.close())
      for (const warning of archives.warnings) run.warn(warning)
      const { framework, docroot } = archives.plan.code
      if (framework !== environment.framework) {
        throw new Failure(
          'PREFLIGHT_REFUSED',
          `Cannot import this code: it is ${framework}, the site is ${environment.framework}`,
          { hint: 'Make a site of its own out of it: cairn site:create NAME --code=FILE' },
        )
      }
      const captured = await archives.capture('code', '')
      const manifest = captured?.manifest ?? null
      const expectedBytes = manifest?.rawBytes ?? 0
      if (input.dryRun) return { manifest, expectedBytes }
      const message = `Import the code of ${given.name}`
      const options = { how: input.how, message, note: message, run }
      const imported = await commitInto(house, context, environment, manifest, options)
      const code = codeFrom(await provideSiteRepository(house, environment.site), imported.commit, run)
      return { commit: imported.commit, docroot, code, expectedBytes, manifest, what: message }
    }

    async function importedContent(): Promise<Changed> {
      const file = await openForeignFile(given.path, given.name)
      ends.push(() => file.close())
      const isLarge = file.sizeBytes > largeBytes
      // threads that the safety backup left would stand beside those that read, and these beside those that write
      if (isLarge) await stopIdleThreads()
      const archive = file.kind === 'sql' ? null : await storeArchive({ ...reading, file })
      if (archive !== null) ends.push(async () => archive.close())
      for (const warning of archive?.warnings ?? []) run.warn(warning)
      const seen = { name: given.name, kind: file.kind, outline: archive?.outline ?? null, sites: [] }
      if (input.element === 'files') {
        const root = findFiles({ ...seen, role: 'files' })
        if (archive === null) throw new Error('files are in an archive')
        const part = { ...reading, archive, root, archivePrefix: `files_${environment.name}/` }
        const { manifest, warnings } = await archivePart({ ...part, element: 'files' })
        for (const warning of warnings) run.warn(warning)
        if (isLarge) await stopIdleThreads()
        return { files: filesFrom(house, ground, manifest, run), expectedBytes: manifest.rawBytes, manifest }
      }
      const path = findDump({ ...seen, role: 'database' }, null)
      const dump = (): AsyncIterable<Buffer> => {
        const text = archive === null || path === null ? file.text() : dumpInside(house.repository, archive, path)
        return scanDump(text, ({ warnings }) => {
          for (const warning of warnings) run.warn(warning)
        })
      }
      const loading: LoadingOptions = {
        ...{ framework: environment.framework, tablePrefix: null, calm: environment.name !== 'live', say, run },
        address: input.replaceAddresses ? { from: null, to: ground.url } : null,
        site: known,
      }
      const expectedBytes = file.sizeBytes * (file.gzip ? 8 : 2)
      return { database: databaseFrom({ dump, wanted: null }, loading), expectedBytes, manifest: null }
    }
  } catch (error) {
    await close()
    throw error
  }
}
