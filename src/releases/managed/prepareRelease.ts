import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Framework } from '../../contract/words.ts'
import type { MysqlHome } from '../../runtime/types.ts'
import type { ReleaseFacts } from '../../sites/environment.ts'
import type { ReleaseOrigin } from '../../state/tables.ts'
import { syncDisk } from '../apply/journal.ts'
import { configureCode } from './configure/configure.ts'
import { type LoadTarget, makeAccount, makeSchema } from './content.ts'
import { describeRelease, writeReleaseFile } from './describeRelease.ts'
import { discardRelease, removeBelow } from './discardRelease.ts'
import { filesPath, makeEnvironment, type ManagedPlace, releasePaths } from './layout.ts'
import type { Names } from './names.ts'
import { type KnownOfSite, readCode } from './readCode.ts'
import type { Release, Releases } from './records.ts'
import { settleTree } from './settleTree.ts'
import { requireSpace } from './space.ts'
import { tellEnvironment } from './tellEnvironment.ts'

export interface PrepareOptions {
  place: ManagedPlace
  releases: Releases
  mysql: MysqlHome
  names: Names
  /** The environment's address, without a slash at the end */
  url: string
  siteUuid: string
  framework: Framework
  /** Relative to the code, '' for the code itself; of a site that the code shows it is found */
  docroot?: string
  /** What the code is exported from; null where there is none */
  commit: string | null
  /** Writes the code; the directory does not exist yet. Nothing in it may be writable for others. */
  code(directory: string): Promise<void>
  /**
   * kept: the current release's, shared with it; else written into an empty directory that nobody else can enter. True of a
   * writer that gave all of it to the site already.
   */
  files: 'kept' | 'empty' | ((directory: string) => Promise<boolean | void>)
  /** kept: the current release's, shared with it; else loaded into an empty schema */
  database: 'kept' | 'empty' | ((target: LoadTarget) => Promise<void>)
  site?: KnownOfSite
  /** How much will be written, bytes */
  expectedBytes: number
  /**
   * Of a release whose database need not wait for it: finds out what the rest is made of, once the row is there. The framework,
   * the commit and the code beside it are then not meant.
   */
  learn?(): Promise<LearnedOfCode>
  /** Told when one of them fails while the other, trees or database, may still be at work: it need not end */
  onFailure?(error: unknown): void
  /** With the workflow's id: prepared again by the same workflow it is the same release */
  origin: ReleaseOrigin
  run: Run
}

export type LearnedOfCode = Pick<PrepareOptions, 'framework' | 'docroot' | 'commit' | 'code' | 'files' | 'expectedBytes'>

export interface PreparedRelease {
  release: Release
  /** For the catalogue, once it is current */
  facts: ReleaseFacts
}

/**
 * Makes a release aside: code, files, database, configuration. The site notices nothing. Run again after a crash it begins anew,
 * and once it has returned, a second call gives the same release back. What it made is dropped when it fails; what a killed one
 * left is found by `cleanUpLeftovers`, since the row comes first.
 *
 * @throws {Failure} SPACE_LACKING before anything is written; PREFLIGHT_REFUSED, CMS_AMBIGUOUS for the code; and what the
 * writers throw
 */
export async function prepareRelease(options: PrepareOptions): Promise<PreparedRelease> {
  const { place, releases, run } = options
  let release = await releases.begin({
    environmentId: place.id,
    framework: options.framework,
    docroot: options.docroot ?? '',
    commit: options.commit,
    files: options.files === 'kept' ? 'kept' : 'new',
    database: options.database === 'kept' ? 'kept' : 'new',
    origin: options.origin,
  })
  if (release.state === 'ready') return { release, facts: describeRelease(options, release) }
  try {
    makeEnvironment(place)
    await discardRelease(options, release)
    await requireSpace(place.directory, options.expectedBytes)
    const begun = release
    await inOrder(options, [
      [
        async () => {
          if (options.learn === undefined) return writeTrees(options, begun)
          const learned = await options.learn()
          await requireSpace(place.directory, learned.expectedBytes)
          release = await releases.setCode(begun, { ...learned, docroot: learned.docroot ?? '' })
          await writeTrees({ ...options, ...learned }, release)
        },
      ],
      [() => fillDatabase(options, begun)],
    ])
    stopIfCancelled(run)
    run.progress({ note: 'configuration' })
    const facts = await configure(options, release)
    run.progress({ note: 'making it durable' })
    await syncDisk(place.directory)
    await releases.setReady(release)
    return { release: { ...release, state: 'ready' }, facts }
  } catch (error) {
    // what cannot be dropped now is found later, by its row: the first failure is the one to tell
    await discardRelease(options, release).then(
      () => releases.setDropped(release),
      (cause: unknown) => run.log('warn', `release ${release.number} could not be removed: ${String(cause)}`),
    )
    throw error
  }
}

/**
 * Makes the content of a prepared release again, where something that worked in it was killed halfway: an empty files tree and
 * an empty schema under the same names, filled anew. Safe to repeat.
 *
 * @throws {Failure} APPLY_CONFLICT where another release has the same tree or schema
 */
export async function renewContent(options: RenewOptions, release: Release): Promise<void> {
  const { place, releases, files, database } = options
  const others = (await releases.list(place.id)).filter(({ number }) => number !== release.number)
  const isShared =
    (files !== 'kept' && others.some(({ filesId }) => filesId === release.filesId)) ||
    (database !== 'kept' && others.some(({ schema }) => schema === release.schema))
  if (isShared) {
    throw new Failure('APPLY_CONFLICT', `Cannot make the content of release ${release.number} again: another release has it too`)
  }
  if (files !== 'kept') removeBelow(filesPath(place, release.filesId))
  await inOrder({}, [[() => writeFiles(options, release)], [() => fillDatabase(options, release)]])
  await syncDisk(place.directory)
}

type RenewOptions = Pick<PrepareOptions, 'place' | 'mysql' | 'names' | 'files' | 'database' | 'run'> & {
  releases: Pick<Releases, 'list'>
}

/** Both ways at once, each in its order; the first failure is thrown when both have ended. */
async function inOrder({ onFailure }: Pick<PrepareOptions, 'onFailure'>, ways: (() => Promise<void>)[][]): Promise<void> {
  const ends = await Promise.allSettled(
    ways.map(async (way) => {
      try {
        for (const step of way) await step()
      } catch (error) {
        onFailure?.(error)
        throw error
      }
    }),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

async function writeTrees(options: PrepareOptions, release: Release): Promise<void> {
  const { place, code, run } = options
  const paths = releasePaths(place, release.number)
  run.progress({ note: 'code' })
  mkdirSync(paths.release, { mode: 0o700 })
  await code(paths.code)
  await writeFiles(options, release)
}

async function writeFiles(
  { place, files, run }: Pick<PrepareOptions, 'place' | 'files' | 'run'>,
  release: Release,
): Promise<void> {
  if (files === 'kept') return
  const tree = filesPath(place, release.filesId)
  mkdirSync(tree, { mode: 0o700 }) // ours alone until all is in it
  run.progress({ note: 'files' })
  const isSettled = files !== 'empty' && (await files(tree)) === true
  mkdirSync(join(tree, 'private'), { recursive: true })
  await settleTree(tree, place, isSettled ? ['private'] : 'all')
  chmodSync(tree, 0o750)
}

async function fillDatabase(
  { mysql, names, database }: Pick<PrepareOptions, 'mysql' | 'names' | 'database'>,
  release: Release,
): Promise<void> {
  if (database === 'kept') return makeAccount(mysql, release)
  const target = await makeSchema(mysql, names, release)
  if (database !== 'empty') await database(target)
}

async function configure(options: PrepareOptions, release: Release): Promise<ReleaseFacts> {
  const { place, run } = options
  const paths = releasePaths(place, release.number)
  const code = await readCode(paths.code, release.framework, filesPath(place, release.filesId), options.site ?? {})
  const filesTree = join('files', release.filesId)
  const { made, touched } = code === null ? { made: [], touched: [] } : configureCode(paths.code, code, filesTree, run)
  writeReleaseFile(paths.release, { filesId: release.filesId, code, derived: made, touched })
  await tellEnvironment(options, release)
  chmodSync(paths.release, 0o711)
  return describeRelease(options, release)
}
