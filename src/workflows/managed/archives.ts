import { statSync } from 'node:fs'
import { type ForeignFile, openForeignFile } from '../../archive/foreign/openForeign.ts'
import type { Run } from '../../base/run.ts'
import { together } from '../../base/together.ts'
import { signatureOf } from '../../git/signature.ts'
import { scanDump } from '../../intake/archives/scanDump.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { LearnedOfCode } from '../../releases/managed/prepareRelease.ts'
import type { KnownOfSite } from '../../releases/managed/readCode.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import type { House } from '../house.ts'
import { type ReadArchives, readArchives } from '../intake/readArchives.ts'
import { codeFrom, commitCode, provideSiteRepository } from './code.ts'
import { databaseFrom, filesFrom, type LoadingOptions } from './content.ts'
import { type GivenFile, type GivenInput, takeGiven } from './given.ts'
import type { Ground, WantedRelease } from './putRelease.ts'
import { takeHistory } from './takeHistory.ts'

export type ArchiveRole = 'all' | 'code' | 'database' | 'files'

export interface ArchivesInput {
  kind: 'archives'
  given: { role: ArchiveRole; input: GivenInput }[]
  replaceAddresses: boolean
}

/**
 * Reads the archives of a new site into the repository, and says what its first release is made of: the framework is found, the
 * history of the code kept where there is one. A dump that came by itself is loaded meanwhile, which takes longest.
 *
 * @throws {Failure} UPLOAD_NOT_FOUND, FETCH_FAILED, ARCHIVE_REFUSED for a file of no known kind; when the release is prepared ARCHIVE_REFUSED,
 * ARCHIVE_DAMAGED
 */
export async function releaseFromArchives(
  house: House,
  context: WorkflowContext,
  ground: Ground,
  { given, replaceAddresses }: ArchivesInput,
  outer: Run,
  say: (sentence: string) => void,
): Promise<WantedRelease> {
  const files: GivenFile[] = []
  const ends: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
    for (const file of files) await file.close()
  }
  try {
    for (const { role, input } of given) {
      outer.progress({ note: `taking the ${role === 'all' ? 'archive' : role}` })
      files.push(await takeGiven(house, context.id, input, outer))
    }
    const roles = given.map(({ role }, index) => ({ role, path: files[index]?.path ?? '', name: files[index]?.name ?? '' }))
    const dumpFile = await openDump(roles)
    if (dumpFile !== null) ends.push(() => dumpFile.close())
    const { run, part, fail } = together(outer)
    const read = Promise.withResolvers<ReadArchives>()
    const framework = read.promise.then(({ plan }) => plan.code.framework)
    framework.catch(() => {}) // heard by the database, if it is still at work
    const site: KnownOfSite = {}
    const loading: LoadingOptions = {
      ...{ framework, tablePrefix: null, calm: true, say, run },
      address: replaceAddresses ? { from: null, to: ground.url } : null,
      site,
    }
    const dump = async (): Promise<AsyncIterable<Buffer> | null> => dumpFile?.text() ?? (await read.promise).dump()
    return {
      ...{ site, close, onFailure: fail, backup: null, what: 'created from archives' },
      // until the archives are read
      ...{ framework: 'wordpress', commit: null, code: async () => {}, files: 'empty' },
      expectedBytes: roles.reduce((sum, { path }) => sum + statSync(path).size, 50e6),
      database: (target) =>
        part(async () => {
          const text = await dump()
          if (text === null) return
          const scanned = scanDump(text, ({ warnings }) => {
            for (const warning of warnings) run.warn(warning)
          })
          await databaseFrom({ dump: () => scanned, wanted: null }, loading)(target)
        }),
      learn: () =>
        part(async () => {
          run.progress({ note: 'reading the archives' })
          try {
            const session = await house.repository.openSession()
            ends.push(() => session.close())
            const archives = await readArchives({
              ...{ repository: house.repository, session, workDirectory: house.managed.intake.directory, given: roles, run },
            })
            ends.push(() => archives.close())
            read.resolve(archives)
            const learned = await learnFrom(house, context, ground, archives, run)
            Object.assign(site, learned.site)
            return {
              ...learned,
              code: (directory) => part(() => learned.code(directory)),
              files: learned.files === null ? 'empty' : (directory) => part(async () => learned.files?.(directory)),
            }
          } catch (error) {
            read.reject(error)
            throw error
          }
        }),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The dump that was given by itself; null where there is none, or an archive has to be looked into for it. */
async function openDump(given: readonly { role: ArchiveRole; path: string; name: string }[]): Promise<ForeignFile | null> {
  const found = given.find(({ role }) => role === 'database')
  if (found === undefined) return null
  const file = await openForeignFile(found.path, found.name)
  if (file.kind === 'sql') return file
  await file.close()
  return null
}

/** Makes of archives that were read what a release is made of, and commits the code. */
async function learnFrom(
  house: House,
  context: WorkflowContext,
  ground: Ground,
  archives: ReadArchives,
  run: Run,
): Promise<Omit<LearnedOfCode, 'files'> & { files: ((directory: string) => Promise<boolean>) | null; site: KnownOfSite }> {
  const { plan } = archives
  const { site, name } = ground.environment
  for (const warning of archives.warnings) run.warn(warning)
  const { framework, docroot } = plan.code
  await house.state.db.updateTable('site').set({ framework }).where('name', '=', site).execute()

  const code = await archives.capture('code', '')
  const content = await archives.capture('files', `files_${name}/`)
  const repository = await provideSiteRepository(house, site)
  if (plan.code.hasGit && code !== null) await takeHistory(house, repository, entriesOf(house.repository, code.manifest), run)
  const author = signatureOf(context.actor, run.now())
  const { commit } = await commitCode(house, repository, code?.manifest ?? null, {
    ...{ message: `The code of ${archives.code.name}`, author, run },
  })
  return {
    ...{ framework, docroot, commit },
    site: { siteDirectory: siteDirectoryOf(plan.siteDirectory) },
    code: codeFrom(repository, commit, run),
    files: content === null ? null : filesFrom(house, ground, content.manifest, run),
    expectedBytes: (code?.manifest.rawBytes ?? 0) + (content?.manifest.rawBytes ?? 0) + 50e6,
  }
}

/** `sites/default` is found without being named. */
function siteDirectoryOf(found: string | null): string | null {
  if (found === null || found === 'default' || found === 'sites/default') return null
  return found.startsWith('sites/') ? found : `sites/${found}`
}
