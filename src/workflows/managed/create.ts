import { Failure } from '../../base/failure.ts'
import { findBackup, requireUsable } from '../../backups/catalogue.ts'
import type { ManagedResult } from '../../contract/managedSchemas.ts'
import type { Element, Framework } from '../../contract/words.ts'
import { signatureOf } from '../../git/signature.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import type { Run } from '../../base/run.ts'
import type { KnownOfSite } from '../../releases/managed/readCode.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import { parseSiteName } from '../../sites/names.ts'
import type { House } from '../house.ts'
import { loadManifests } from '../restore/manifests.ts'
import { type ArchivesInput, releaseFromArchives } from './archives.ts'
import { codeFrom, commitCode, provideSiteRepository } from './code.ts'
import { factsOf } from './facts.ts'
import { loadingFor, partsOf } from './parts.ts'
import { type Ground, isInterrupted, putRelease, type WantedRelease } from './putRelease.ts'
import { environmentsOf, removeSite, reserveSite } from './reserve.ts'
import { resultOf } from './result.ts'
import { takeHistory } from './takeHistory.ts'

interface BackupSource {
  kind: 'backup'
  backup: string
  elements: Element[]
  replaceAddresses: boolean
}

interface EmptySource {
  kind: 'empty'
  framework: Framework
}

export interface CreateSiteInput {
  site: string
  label: string | null
  source: EmptySource | BackupSource | ArchivesInput
}

/**
 * Makes a new site with dev, test and live; what it is made of goes into dev, which runs in the end. When it fails or is
 * cancelled, nothing of it is left.
 */
export function createSiteWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<CreateSiteInput, ManagedResult>({
    kind: 'create_site',
    version: 1,
    changes: true,
    run: (context, input) => createSite(house, context, input),
  })
}

async function createSite(
  house: House,
  context: WorkflowContext,
  { site, label, source }: CreateSiteInput,
): Promise<ManagedResult> {
  const name = parseSiteName(site)
  const isRepeated = context.attempt > 1
  let isReserved = false
  try {
    await context.step('reserve the name', async () => {
      const framework = await frameworkOf(house, source)
      await reserveSite(house, { site, label, framework, workflow: context.id, isRepeated }, () => (isReserved = true))
    })
    isReserved = true
    const dev = await house.sites.find(name, 'dev')
    if (dev.managed?.madeBy !== context.id) throw new Failure('SITE_TAKEN', `Cannot create site "${name}": another one was made`)
    const make = (ground: Ground, run: Run, say: (sentence: string) => void): Promise<WantedRelease> => {
      if (source.kind === 'archives') return releaseFromArchives(house, context, ground, source, run, say)
      if (source.kind === 'backup') return releaseFromBackup(house, context, ground, source, run, say)
      return emptyRelease(house, context, ground, source, run)
    }
    const put = await putRelease(house, context, { environmentId: dev.id, make })
    return await resultOf(house, dev.id, put, null)
  } catch (error) {
    if (isReserved && !isInterrupted(context, error)) {
      const own = (await environmentsOf(house, name)).filter(({ managed }) => managed?.madeBy === context.id)
      await removeSite(house, name, own)
    }
    throw error
  }
}

async function emptyRelease(
  house: House,
  context: WorkflowContext,
  { environment }: Ground,
  { framework }: EmptySource,
  run: Run,
): Promise<WantedRelease> {
  const repository = await provideSiteRepository(house, environment.site)
  const author = signatureOf(context.actor, run.now())
  // `master` does not exist yet: whatever history is pushed first becomes it
  const held = { branch: 'refs/cairn/empty', message: 'An empty site', allowEmpty: true }
  const { commit } = await commitCode(house, repository, null, { ...held, author, run })
  const code = codeFrom(repository, commit, run)
  return { framework, commit, code, files: 'empty', database: 'empty', expectedBytes: 1e6, backup: null, what: 'an empty site' }
}

async function releaseFromBackup(
  house: House,
  context: WorkflowContext,
  ground: Ground,
  { backup, elements, replaceAddresses }: BackupSource,
  run: Run,
  say: (sentence: string) => void,
): Promise<WantedRelease> {
  const { code, ...content } = await loadManifests(house, backup, elements)
  const facts = await factsOf(house, backup)
  for (const path of facts.configOutside) {
    const message = `"${path}" stood above the code of the source and does not come along; a new one is written. What else it sets belongs into the code`
    run.warn({ code: 'CONFIG_ABOVE', element: 'code', message, path })
  }
  const repository = await provideSiteRepository(house, ground.environment.site)
  if (code !== undefined) await takeHistory(house, repository, entriesOf(house.repository, code), run)
  const author = signatureOf(context.actor, run.now())
  const { commit } = await commitCode(house, repository, code ?? null, { message: `The code of backup ${backup}`, author, run })
  const site: KnownOfSite = { tablePrefix: facts.tablePrefix }
  return {
    ...partsOf(house, ground, content, loadingFor(ground, facts, { replaceAddresses, site, say, run })),
    ...{ framework: facts.framework, commit, backup, what: 'created from a backup' },
    code: codeFrom(repository, commit, run),
    site,
  }
}

/** That of archives is found when they are read. */
async function frameworkOf(house: House, source: CreateSiteInput['source']): Promise<Framework> {
  if (source.kind === 'empty') return source.framework
  if (source.kind === 'archives') return 'wordpress'
  requireUsable(await findBackup(house.store, source.backup))
  if (!source.elements.includes('code'))
    throw new Failure('ELEMENT_MISSING', 'Cannot create a site without code: choose the element "code" as well')
  await loadManifests(house, source.backup, source.elements)
  return (await factsOf(house, source.backup)).framework
}
