import { join } from 'node:path'
import { scanDump } from '../../intake/archives/scanDump.ts'
import type { Run } from '../../base/run.ts'
import { signatureOf } from '../../git/signature.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { KnownOfSite } from '../../releases/managed/readCode.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import { chooseCodec } from '../../repository/codecs/codec.ts'
import type { House } from '../house.ts'
import { readArchives } from '../intake/readArchives.ts'
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
 * history of the code kept where there is one.
 *
 * @throws {Failure} ARCHIVE_REFUSED, ARCHIVE_DAMAGED, UPLOAD_NOT_FOUND, FETCH_FAILED
 */
export async function releaseFromArchives(
  house: House,
  context: WorkflowContext,
  ground: Ground,
  { given, replaceAddresses }: ArchivesInput,
  run: Run,
  say: (sentence: string) => void,
): Promise<WantedRelease> {
  const { site } = ground.environment
  const files: GivenFile[] = []
  const session = await house.repository.openSession()
  const ends: (() => Promise<void>)[] = [() => session.close()]
  const close = async (): Promise<void> => {
    for (const file of files) await file.close()
    for (const end of ends.toReversed()) await end()
  }
  try {
    for (const { role, input } of given) {
      run.progress({ note: `taking the ${role === 'all' ? 'archive' : role}` })
      files.push(await takeGiven(house, context.id, input, run))
    }
    run.progress({ note: 'reading the archives' })
    const codec = chooseCodec(house.compression)
    const archives = await readArchives({
      ...{ repository: house.repository, session, workDirectory: house.managed.intake.directory, codec, run },
      given: given.map(({ role }, index) => ({ role, path: files[index]?.path ?? '', name: files[index]?.name ?? '' })),
    })
    ends.push(() => archives.close())
    for (const warning of archives.warnings) run.warn(warning)
    const { plan } = archives
    const { framework, docroot } = plan.code
    await house.state.db.updateTable('site').set({ framework }).where('name', '=', site).execute()

    const code = await archives.capture('code', '')
    const content = await archives.capture('files', `files_${ground.environment.name}/`)
    const repository = await provideSiteRepository(house, site)
    if (plan.code.hasGit && code !== null) await takeHistory(house, repository, entriesOf(house.repository, code.manifest), run)
    const author = signatureOf(context.actor, run.now())
    const { commit } = await commitCode(house, repository, code?.manifest ?? null, {
      ...{ message: `The code of ${files[plan.code.archive]?.name ?? 'an archive'}`, author, run },
    })

    const known: KnownOfSite = { filesAt: join(docroot, plan.filesDirectory), siteDirectory: siteDirectoryOf(plan.siteDirectory) }
    const loading: LoadingOptions = {
      ...{ framework, tablePrefix: null, calm: true, say, run },
      address: replaceAddresses ? { from: null, to: ground.url } : null,
      onPrefix: (tablePrefix) => void (known.tablePrefix = tablePrefix),
    }
    const hasDump = plan.database !== null
    const dump = (): AsyncIterable<Buffer> =>
      scanDump(archives.dump() ?? nothing(), ({ warnings }) => {
        for (const warning of warnings) run.warn(warning)
      })
    return {
      ...{ framework, docroot, commit, site: known, close, backup: null, what: 'created from archives' },
      code: codeFrom(repository, commit, run),
      files: content === null ? 'empty' : filesFrom(house, ground, content.manifest, run),
      database: hasDump ? databaseFrom({ dump, wanted: null }, loading) : 'empty',
      expectedBytes: (code?.manifest.rawBytes ?? 0) + (content?.manifest.rawBytes ?? 0) + 50e6,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** `sites/default` is found without being named. */
function siteDirectoryOf(found: string | null): string | null {
  if (found === null || found === 'default' || found === 'sites/default') return null
  return found.startsWith('sites/') ? found : `sites/${found}`
}

async function* nothing(): AsyncGenerator<Buffer> {}
