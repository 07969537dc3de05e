import { existsSync, mkdirSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Run } from '../../base/run.ts'
import { type CommitEntry, commitTree } from '../../git/commitTree.ts'
import { exportTree } from '../../git/exportTree.ts'
import { readBlobs } from '../../git/readBlobs.ts'
import { listTree, type TreeEntry } from '../../git/readTree.ts'
import { writeNote } from '../../git/notes.ts'
import { moveRefs, readRef } from '../../git/refs.ts'
import { type Signature, signatureOf } from '../../git/signature.ts'
import {
  createSiteRepository,
  defaultBranch,
  openSiteRepository,
  removeHalfMade,
  type SiteRepository,
} from '../../git/siteRepository.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import { entriesOf, withBodies } from '../../repository/archiveOut.ts'
import type { Manifest } from '../../repository/types.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { ownBranch } from './ownCommit.ts'
import { repositoryPath } from './putRelease.ts'

/** The repository of a site, made when there is none yet. */
export async function provideSiteRepository(house: House, site: string): Promise<SiteRepository> {
  const path = repositoryPath(house, site)
  if (existsSync(path)) return openSiteRepository(path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  removeHalfMade(path)
  return createSiteRepository(path)
}

interface CommitOptions {
  branch?: string
  how?: 'replace' | 'overlay'
  message: string
  author: Signature
  /** Paths that stay as the branch has them: configuration belongs to the environment */
  keep?: ReadonlySet<string>
  allowEmpty?: boolean
  /** Under which the old tip is kept */
  undoId?: string
  run: Run
}

/** Commits the code of a backup or an archive; a repeated attempt finds its commit. Said where something cannot stand in git. */
export async function commitCode(
  house: House,
  repository: SiteRepository,
  manifest: Manifest | null,
  { keep = new Set(), run, ...options }: CommitOptions,
): Promise<{ commit: string; kind: string }> {
  const parent = await readRef(repository, options.branch ?? defaultBranch)
  const made = await commitTree(repository, {
    ...options,
    entries: codeEntries(house, repository, manifest, parent, keep),
    signal: run.signal,
  })
  if (made.leftOutCount > 0 && made.leftOut.some((path) => path !== '.git')) {
    const message = `Git cannot keep ${made.leftOut.filter((path) => path !== '.git').join(', ')}: left out`
    run.warn({ code: 'GIT_NAME_LEFT_OUT', element: 'code', message, path: made.leftOut[0] ?? null })
  }
  return made
}

async function* codeEntries(
  house: House,
  repository: SiteRepository,
  manifest: Manifest | null,
  parent: string | null,
  keep: ReadonlySet<string>,
): AsyncGenerator<CommitEntry> {
  const kept = parent === null || keep.size === 0 ? [] : await keptEntries(repository, parent, keep)
  const names = new Set(kept.map(({ path }) => path.toString()))
  if (manifest !== null) {
    for await (const { entry, body } of withBodies(house.repository, entriesOf(house.repository, manifest))) {
      if (!names.has(entry.path.toString())) yield { ...entry, body }
    }
  }
  for await (const { wanted, sizeBytes, body } of readBlobs(repository, listed(kept), {})) {
    if (wanted.kind === 'file') yield { ...wanted, kind: 'file', sizeBytes, target: Buffer.alloc(0), body }
  }
}

async function* listed(entries: TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries
}

async function keptEntries(repository: SiteRepository, parent: string, keep: ReadonlySet<string>): Promise<TreeEntry[]> {
  const found: TreeEntry[] = []
  for await (const entry of listTree(repository, parent)) {
    if (entry.kind === 'file' && keep.has(entry.path.toString())) found.push(entry)
  }
  return found
}

/**
 * Commits code into an environment: on dev a commit of `master` with a note, so that the next deploy carries it; elsewhere one
 * that a ref of the workflow holds until it is tagged. The environment keeps its own configuration files. Called within
 * `orMasterBack` and `thenTag`.
 */
export async function commitInto(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  manifest: Manifest | null,
  { note, ...options }: { how?: 'replace' | 'overlay'; message: string; note: string; run: Run },
): Promise<{ commit: string }> {
  const repository = await provideSiteRepository(house, environment.site)
  const author = signatureOf(context.actor, options.run.now())
  const keep = environment.managed?.release === 0 ? new Set<string>() : configPaths(environment)
  if (environment.name === 'dev') {
    const { commit } = await commitCode(house, repository, manifest, { ...options, author, keep, undoId: context.id })
    await writeNote(repository, commit, note, author)
    return { commit }
  }
  const branch = ownBranch(context)
  const from = environment.managed?.commit ?? (await readRef(repository, defaultBranch))
  if (from !== null && (await readRef(repository, branch)) === null)
    await moveRefs(repository, [{ ref: branch, from: null, to: from }])
  const { commit } = await commitCode(house, repository, manifest, { ...options, branch, author, keep })
  return { commit }
}

/** What the running environment is configured with, relative to its code. */
function configPaths({ configFiles, codeRoot, managed }: Environment): Set<string> {
  const paths = configFiles.map((path) => relative(codeRoot, path)).filter((path) => !path.startsWith('..'))
  return new Set([...paths, ...(managed?.derived ?? []).filter((path) => path.endsWith('.php'))])
}

/** The code of a release, as `prepareRelease` asks for it. */
export function codeFrom(repository: SiteRepository, commit: string, run: Run): (directory: string) => Promise<void> {
  return async (directory) => {
    await exportTree(repository, commit, directory, { signal: run.signal, onWarning: (warning) => run.warn(warning) })
  }
}
