import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import { isErrno } from '../base/failure.ts'
import type { ExcludeRule, TreeSource } from '../hosts/treeSource.ts'
import { wordpressLeftOut } from '../sites/frameworks/leftOut.ts'
import type { Environment } from '../sites/environment.ts'

export interface ElementTrees {
  code: TreeSource
  files: TreeSource
  /**
   * Configuration that stands outside of the code root and so in no archive: to be sealed beside the manifest. Absolute; those
   * that exist now.
   */
  configOutside: string[]
}

type Places = Pick<Environment, 'codeRoot' | 'coreDirectory' | 'contentDirectory' | 'filesDirectory' | 'configFiles'>

/**
 * Where the code and the files of an environment are read from now: links in the way to them are resolved at each call, so a
 * `current` that moved on is followed. A files directory that does not exist yet gives no root.
 *
 * @throws ENOENT when the code root is gone
 */
export function elementsOf(environment: Places): ElementTrees {
  const code = realpathSync(environment.codeRoot)
  const core = insideOf(code, environment.coreDirectory)
  const content = insideOf(code, environment.contentDirectory)
  const files = real(environment.filesDirectory)
  const config = environment.configFiles.flatMap((path) => {
    const at = real(path)
    return at === null ? [] : [{ path, inside: insideOf(code, path) ?? insideOf(code, at) }]
  })
  const filesInCode = files === null ? null : insideOf(code, files)
  const codeRules: ExcludeRule[] = [
    ...(filesInCode === null || filesInCode === '' ? [] : [{ path: filesInCode, reason: 'the files element holds it' }]),
    ...(content === null ? [] : rulesWithin('content', content)),
    ...(core === null
      ? []
      : [{ path: core === '' ? '.maintenance' : `${core}/.maintenance`, reason: 'it stands only while a site is changed' }]),
    { glob: 'cairn-opcache-*.php', reason: 'it resets PHP once, and is removed' },
  ]
  return {
    code: { roots: [{ directory: code, at: '' }], exclude: codeRules, secretPaths: config.flatMap(({ inside }) => inside ?? []) },
    files: {
      roots: files === null ? [] : [{ directory: files, at: '' }],
      exclude: [...rulesWithin('files', ''), ...codeInFiles(files, code)],
      secretPaths: [],
    },
    configOutside: config.filter(({ inside }) => inside === null).map(({ path }) => path),
  }
}

function rulesWithin(within: 'content' | 'files', at: string): ExcludeRule[] {
  return wordpressLeftOut.filter((rule) => rule.within === within).map(({ glob, reason }) => ({ glob: `${at}/${glob}`, reason }))
}

/** Uploads may be the docroot's parent by mistake: then the code stays out of the files. */
function codeInFiles(files: string | null, code: string): ExcludeRule[] {
  const inside = files === null ? null : insideOf(files, code)
  return inside === null || inside === '' ? [] : [{ path: inside, reason: 'the code element holds it' }]
}

/** The path of one inside the other, both resolved as far as they exist; null when it is outside. */
function insideOf(directory: string, path: string): string | null {
  const inside = relative(directory, real(path) ?? path)
  return inside === '..' || inside.startsWith('../') || inside.startsWith('/') ? null : inside
}

function real(path: string): string | null {
  try {
    return realpathSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
