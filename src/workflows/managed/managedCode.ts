import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { newUlid } from '../../base/ids.ts'
import type { Run } from '../../base/run.ts'
import { exportTree } from '../../git/exportTree.ts'
import { packRepositoryAs } from '../../git/packRepository.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { readReleaseFile } from '../../releases/managed/describeRelease.ts'
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
 * derived from it, and a `.git` with all refs beside it. The release's own code is read, which nobody can write; what Cairn
 * changed in it is exported from the commit again.
 *
 * @throws {Failure} PREFLIGHT_REFUSED for an environment without a release
 */
export async function managedCode(house: House, environment: Environment, run: Run): Promise<ManagedCode> {
  const managed = requireRelease(environment)
  const repository = await provideSiteRepository(house, environment.site)
  const { release, code } = releasePaths(managed, managed.release)
  const directory = join(release, 'archive')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (Date.now() - statSync(path).ctimeMs > staleMs) rmSync(path, { recursive: true, force: true })
  }
  const own = join(directory, newUlid())
  mkdirSync(own, { mode: 0o700 })
  const close = (): void => rmSync(own, { recursive: true, force: true })
  try {
    const commit = managed.commit ?? ''
    const { signal } = run
    const [asCommitted, git] = [join(own, 'code'), join(own, 'git')]
    const { touched } = readReleaseFile(release)
    // where it is not known what was touched, the commit is read instead of the release
    await exportTree(repository, commit, asCommitted, { ...(touched === null ? {} : { paths: touched }), signal })
    await packRepositoryAs(repository, git, {
      commit,
      ...(environment.name === 'dev' ? { branch: 'refs/heads/master' } : {}),
      signal,
    })
    const isCommitted = (path: string): boolean => lstatSync(join(asCommitted, path), { throwIfNoEntry: false }) !== undefined
    const secretPaths = environment.configFiles
      .map((path) => relative(environment.codeRoot, path))
      .filter((path) => !path.startsWith('..') && existsSync(join(touched === null ? asCommitted : code, path)))
    if (touched === null) {
      const roots = [
        { directory: asCommitted, at: '' },
        { directory: git, at: '.git' },
      ]
      return { close, tree: { roots, exclude: [], secretPaths } }
    }
    return {
      close,
      tree: {
        roots: [
          { directory: code, at: '' },
          ...touched.filter(isCommitted).map((path) => ({ directory: join(asCommitted, path), at: path })),
          { directory: git, at: '.git' },
        ],
        exclude: touched
          .filter((path) => !isCommitted(path))
          .map((path) => ({ path, reason: 'written by Cairn for the release' })),
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
