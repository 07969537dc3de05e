import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { newUlid } from '../../base/ids.ts'
import type { Run } from '../../base/run.ts'
import { exportTree } from '../../git/exportTree.ts'
import { packRepositoryAs } from '../../git/packRepository.ts'
import type { SiteRepository } from '../../git/siteRepository.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { releasePaths } from '../../releases/managed/layout.ts'
import type { Environment, ManagedFacts } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { provideSiteRepository } from './code.ts'

/** The code element of a managed environment, to be read until `close`. */
export interface ManagedCode {
  tree: TreeSource
  close(): void
}

const staleMs = 86_400_000

/**
 * What the code archive of a managed environment holds: the commit that it shows, as it came and without anything that Cairn
 * derived from it, and a `.git` with all refs beside it. The export stays with its release, so that the next backup need not
 * read it again.
 *
 * @throws {Failure} PREFLIGHT_REFUSED for an environment without a release
 */
export async function managedCode(house: House, environment: Environment, run: Run): Promise<ManagedCode> {
  const managed = requireRelease(environment)
  const repository = await provideSiteRepository(house, environment.site)
  const directory = join(releasePaths(managed, managed.release).release, 'archive')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (name !== 'code' && Date.now() - statSync(path).ctimeMs > staleMs) rmSync(path, { recursive: true, force: true })
  }
  const own = join(directory, newUlid())
  mkdirSync(own, { mode: 0o700 })
  const close = (): void => rmSync(own, { recursive: true, force: true })
  try {
    const code = await provideExport(repository, managed.commit ?? '', directory, own, run)
    const git = join(own, 'git')
    await packRepositoryAs(repository, git, {
      commit: managed.commit ?? '',
      ...(environment.name === 'dev' ? { branch: 'refs/heads/master' } : {}),
      signal: run.signal,
    })
    const secretPaths = environment.configFiles
      .map((path) => relative(environment.codeRoot, path))
      .filter((path) => !path.startsWith('..') && existsSync(join(code, path)))
    return {
      close,
      tree: {
        roots: [
          { directory: code, at: '' },
          { directory: git, at: '.git' },
        ],
        exclude: [],
        secretPaths,
      },
    }
  } catch (error) {
    close()
    throw error
  }
}

/** @throws {Failure} PREFLIGHT_REFUSED where nothing stands yet */
export function requireRelease({ site, name, managed }: Environment): ManagedFacts {
  if (managed !== null && managed.release > 0) return managed
  throw new Failure('PREFLIGHT_REFUSED', `Cannot read "${site}.${name}": nothing was ever deployed there`, {
    hint: `Deploy to it first: cairn env:deploy ${site}.${name}`,
  })
}

/** Whole or not at all; of two that make it at once the first one's is used. */
async function provideExport(
  repository: SiteRepository,
  commit: string,
  directory: string,
  own: string,
  run: Run,
): Promise<string> {
  const path = join(directory, 'code')
  if (existsSync(path)) return path
  const aside = join(own, 'code')
  await exportTree(repository, commit, aside, { signal: run.signal })
  if (!existsSync(path)) renameSync(aside, path)
  return path
}
