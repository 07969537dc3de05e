import { lstatSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { resolveTrusted, resolveTrustedOrNull } from '../hosts/local/resolveTrusted.ts'
import type { ExcludeRule, TreeRoot, TreeSource } from '../hosts/treeSource.ts'
import { isHeldBy, sitesFile } from '../sites/frameworks/drupal/hold.ts'
import { otherSiteDirectories } from '../sites/frameworks/drupal/siteDirectories.ts'
import { rulesOf } from '../sites/frameworks/rules.ts'
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

type Places = Pick<
  Environment,
  'framework' | 'codeRoot' | 'docroot' | 'coreDirectory' | 'contentDirectory' | 'filesDirectory' | 'furtherFiles' | 'configFiles'
> &
  Partial<Pick<Environment, 'managed'>>

/**
 * Where the code and the files of an environment are read from now: links in the way to them are resolved at each call, so a
 * `current` that moved on is followed. A files directory that does not exist yet gives no root.
 *
 * @throws {Failure} ENVIRONMENT_UNREACHABLE when the code root is gone, PREFLIGHT_REFUSED when two directories of the files element would have one name in it or a link on the way is not to be trusted
 */
export function elementsOf(environment: Places): ElementTrees {
  const code = codeRootOf(environment)
  const content = insideOf(code, environment.contentDirectory)
  const files = filesRootsOf(environment).filter(({ directory }) => isDirectory(directory))
  const config = environment.configFiles.flatMap((path) => {
    const at = resolveTrustedOrNull(path)
    return at === null ? [] : [{ path, inside: insideOf(code, path) ?? insideOf(code, at) }]
  })
  const codeRules: ExcludeRule[] = [
    ...files.flatMap(({ directory }) => {
      const inside = insideOf(code, directory)
      return inside === null || inside === '' ? [] : [{ path: inside, reason: 'the files element holds it' }]
    }),
    ...(content === null ? [] : rulesWithin(environment, 'content', content)),
    ...holdRules(environment, code),
    ...otherSites(environment, code),
    ...(environment.managed?.derived ?? []).map((path) => ({ path, reason: 'Cairn makes it for each release' })),
    { glob: 'cairn-opcache-*.php', reason: 'it resets PHP once, and is removed' },
  ]
  return {
    code: { roots: [{ directory: code, at: '' }], exclude: codeRules, secretPaths: config.flatMap(({ inside }) => inside ?? []) },
    files: {
      roots: files,
      exclude: [
        ...rulesWithin(environment, 'files', ''),
        ...files.flatMap(({ at }) => (/^private(-\d+)?$/.test(at) ? rulesWithin(environment, 'private', at) : [])),
        ...files.flatMap((root) => heldElsewhere(root, code, files)),
      ],
      secretPaths: [],
    },
    configOutside: config.filter(({ inside }) => inside === null).map(({ path }) => path),
  }
}

/**
 * Where the code stands now.
 *
 * @throws {Failure} ENVIRONMENT_UNREACHABLE when it is gone, PREFLIGHT_REFUSED when a link on the way is not to be trusted
 */
export function codeRootOf({ codeRoot }: Pick<Places, 'codeRoot'>): string {
  try {
    return resolveTrusted(codeRoot)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) throw error
    const why = error.code === 'EACCES' ? "Cairn's user may not look there" : 'it is not there'
    throw new Failure('ENVIRONMENT_UNREACHABLE', `Cannot read the code in "${codeRoot}": ${why}`, {
      hint: 'Where the site has moved, tell Cairn: cairn site:attach SITE.ENV --path=DIR --again',
      retry: 'after-repair',
      cause: error,
    })
  }
}

/**
 * The roots of the files element, also those that are missing now, named where they stood: the files directory at its top;
 * private files and the like below a name of their own, unless they lie inside of it anyway.
 */
export function filesRootsOf({ filesDirectory, furtherFiles }: Pick<Places, 'filesDirectory' | 'furtherFiles'>): TreeRoot[] {
  const top = realOrMissing(filesDirectory)
  const roots: TreeRoot[] = [{ directory: top, at: '' }]
  for (const { at, directory } of furtherFiles) {
    const full = realOrMissing(directory)
    if (roots.some((root) => isInside(full, root.directory))) continue
    if (lstatSync(join(top, at), { throwIfNoEntry: false }) !== undefined) {
      if (!isDirectory(full)) continue
      throw new Failure(
        'PREFLIGHT_REFUSED',
        `Cannot tell the files apart: "${full}" and "${join(top, at)}" would both be "${at}"`,
        {
          hint: `Rename "${join(top, at)}", which the site does not use for this`,
          retry: 'after-repair',
        },
      )
    }
    roots.push({ directory: full, at })
  }
  return roots
}

function rulesWithin({ framework }: Places, within: 'content' | 'files' | 'private', at: string): ExcludeRule[] {
  const rules = rulesOf(framework).leftOut.filter((rule) => rule.within === within)
  return rules.map(({ glob, reason }) => ({ glob: `${at}/${glob}`, reason }))
}

/** What holds requests while a site is changed is no part of it. */
function holdRules({ framework, coreDirectory }: Places, code: string): ExcludeRule[] {
  const core = insideOf(code, coreDirectory)
  if (core === null) return []
  const reason = 'it stands only while a site is changed'
  const within = (path: string): ExcludeRule => ({ path: core === '' ? path : `${core}/${path}`, reason })
  if (rulesOf(framework).hold === 'maintenance') return [within('.maintenance')]
  // a sites.php of the site itself is code like any other
  return [within(sitesFile.kept), ...(isHeldBy(join(coreDirectory, sitesFile.path)) ? [within(sitesFile.path)] : [])]
}

function otherSites({ framework, docroot, contentDirectory }: Places, code: string): ExcludeRule[] {
  if (rulesOf(framework).hold === 'maintenance') return []
  return otherSiteDirectories(docroot, contentDirectory, framework === 'backdrop').flatMap((name) => {
    const inside = insideOf(code, join(realOrMissing(docroot), name))
    return inside === null ? [] : [{ path: inside, reason: 'another site on this code: it is attached by itself' }]
  })
}

/** Uploads may be the docroot's parent by mistake, private files the parent of the public ones: nothing is stored twice. */
function heldElsewhere({ at, directory }: TreeRoot, code: string, files: TreeRoot[]): ExcludeRule[] {
  const below = (path: string, reason: string): ExcludeRule[] => {
    const inside = insideOf(directory, path)
    return inside === null || inside === '' ? [] : [{ path: join(at, inside), reason }]
  }
  const others = files.filter((other) => other.directory !== directory)
  return [
    ...below(code, 'the code element holds it'),
    ...others.flatMap((other) => below(other.directory, 'it stands elsewhere in the files element')),
  ]
}

/** The path of one inside the other, both resolved as far as they exist; null when it is outside. */
function insideOf(directory: string, path: string): string | null {
  const inside = relative(directory, resolveTrustedOrNull(path) ?? path)
  return inside === '..' || inside.startsWith('../') || inside.startsWith('/') ? null : inside
}

function isInside(path: string, directory: string): boolean {
  return `${path}/`.startsWith(`${directory}/`)
}

/** Of a path that is resolved: a link that leads nowhere yet must not lead to a directory meanwhile. */
function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function realOrMissing(directory: string): string {
  return resolveTrustedOrNull(directory) ?? join(realOrMissing(dirname(directory)), basename(directory))
}
