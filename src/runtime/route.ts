import { realpathSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import type { Framework } from '../contract/words.ts'
import { isNeverServed, isPhp, isPublicName } from './publicNames.ts'

/** One release as a web server sees it; all paths are real. */
export interface ReleaseTree {
  /** `<data>/sites/<site>/<env>` */
  environment: string
  /** `<environment>/releases/<number>/code` */
  code: string
  docroot: string
  framework: Framework
}

export type Route =
  | { kind: 'file'; path: string; isUpload: boolean }
  | { kind: 'php'; scriptName: string; pathInfo: string }
  | { kind: 'redirect'; to: string }
  | { kind: 'refused'; status: 400 | 403 | 404 }

/**
 * Where a request goes, as an .htaccess of these frameworks would have it: a file that visitors may have, a PHP script of the
 * release, and for everything else the front controller. Uploads are never run, hidden files and sources never shown, links
 * followed only inside the release and its files.
 */
export function route(tree: ReleaseTree, target: string): Route {
  const names = namesOf(target)
  if (names === null) return { kind: 'refused', status: 400 }
  if (names.some((name) => name.startsWith('.') && name !== '.well-known')) return { kind: 'refused', status: 404 }
  const isDirectoryAddress = /\/(?:\?|$)/.test(target)
  return (
    routeNames(tree, names, isDirectoryAddress, target) ??
    routeNetwork(tree, names, isDirectoryAddress, target) ??
    frontController(tree, names)
  )
}

function routeNames(tree: ReleaseTree, names: string[], isDirectoryAddress: boolean, target: string): Route | null {
  const script = scriptAmong(tree, names)
  if (script !== null) return script
  const path = join(tree.docroot, ...names)
  const stat = statOf(path)
  const place = stat === null ? null : placeOf(tree, path)
  if (stat === null || place === null) return null
  if (stat.isDirectory()) {
    const index = ['index.php', 'index.html'].find((name) => statOf(join(path, name))?.isFile() === true)
    if (index === undefined) return null
    return isDirectoryAddress ? routeNames(tree, [...names, index], false, target) : { kind: 'redirect', to: withSlash(target) }
  }
  return stat.isFile() ? fileRoute(place) : null
}

/** The first part of the address that is a PHP file; what stands behind it is for the script. */
function scriptAmong(tree: ReleaseTree, names: string[]): Route | null {
  for (let count = 1; count <= names.length; count++) {
    if (!isPhp(names[count - 1] ?? '')) continue
    const path = join(tree.docroot, ...names.slice(0, count))
    if (statOf(path)?.isFile() !== true) continue
    if (placeOf(tree, path)?.isUpload !== false) return { kind: 'refused', status: 403 }
    const rest = names.slice(count)
    return {
      kind: 'php',
      scriptName: `/${names.slice(0, count).join('/')}`,
      pathInfo: rest.length === 0 ? '' : `/${rest.join('/')}`,
    }
  }
  return null
}

interface Place {
  real: string
  isUpload: boolean
  /** Inside the code, or inside the files tree without the tree's id */
  inside: string[]
}

/** Null for what a link leads to that is neither of the release nor of its files. */
function placeOf(tree: ReleaseTree, path: string): Place | null {
  const real = realPathOf(path)
  if (real === null) return null
  const files = join(tree.environment, 'files')
  if (real === tree.code || isBelow(real, tree.code))
    return { real, isUpload: false, inside: real.slice(tree.code.length + 1).split('/') }
  return isBelow(real, files)
    ? {
        real,
        isUpload: true,
        inside: real
          .slice(files.length + 1)
          .split('/')
          .slice(1),
      }
    : null
}

function fileRoute({ real, isUpload, inside }: Place): Route {
  if (isUpload) return isNeverServed(inside) ? { kind: 'refused', status: 403 } : { kind: 'file', path: real, isUpload }
  return isPublicName(inside) ? { kind: 'file', path: real, isUpload } : { kind: 'refused', status: 404 }
}

/** For the browser a further slash at the beginning would be another host. */
function withSlash(target: string): string {
  const [address = '/', query] = target.split(/\?(.*)/s)
  return `${address.replace(/^\/+/, '/')}/${query === undefined ? '' : `?${query}`}`
}

/** Sites of a network in directories: each has WordPress below its own name. */
function routeNetwork(tree: ReleaseTree, names: string[], isDirectoryAddress: boolean, target: string): Route | null {
  const inside = names.slice(1)
  if (tree.framework !== 'wordpress_network' || inside.length === 0) return null
  const isOwn = /^wp-(?:content|admin|includes)$/.test(inside[0] ?? '') || isPhp(inside.at(-1) ?? '')
  return isOwn ? routeNames(tree, inside, isDirectoryAddress, target) : null
}

function frontController(tree: ReleaseTree, names: string[]): Route {
  if (names.some(isPhp)) return { kind: 'refused', status: 404 }
  return scriptAmong(tree, ['index.php']) ?? { kind: 'refused', status: 404 }
}

/** Null for an address that no file can have. */
function namesOf(target: string): string[] | null {
  const [path = ''] = target.split(/[?#]/)
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return null
  }
  const names = decoded.split('/').filter((name) => name !== '' && name !== '.')
  return !path.startsWith('/') || decoded.includes('\0') || names.includes('..') ? null : names
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`)
}

function statOf(path: string): Stats | null {
  return orNull(() => statSync(path))
}

function realPathOf(path: string): string | null {
  return orNull(() => realpathSync(path))
}

function orNull<T>(look: () => T): T | null {
  try {
    return look()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) return null
    throw error
  }
}
