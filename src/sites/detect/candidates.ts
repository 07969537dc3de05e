import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { readSmallFile } from '../php/readPhp.ts'
import { type Sign, signs, webRoots } from './signs.ts'

export interface Candidate {
  sign: Sign
  version: string | null
  docroot: string
  coreDirectory: string
}

/** Every site whose docroot is the code root, or stands where docroots stand by custom inside it. */
export function findCandidates(codeRoot: string): Candidate[] {
  const whole = candidateAt(codeRoot, codeRoot)
  if (whole?.sign.framework === 'bedrock') return [whole]
  const places = [codeRoot, ...webRootsOf(codeRoot)]
  const found = places.flatMap((docroot) => candidateAt(docroot, docroot) ?? candidateBelow(docroot) ?? [])
  return found.filter((one, index) => found.findIndex(({ coreDirectory }) => coreDirectory === one.coreDirectory) === index)
}

/** Other sites in the sub-folders of a docroot: they would go into the same code archive. */
export function findNested(docroot: string, coreDirectory: string): string[] {
  return subdirectories(docroot)
    .map((name) => join(docroot, name))
    .filter((path) => path !== coreDirectory && candidateAt(path, path) !== null)
}

function candidateAt(docroot: string, coreDirectory: string): Candidate | null {
  const has = (path: string): boolean => existsSync(join(coreDirectory, path))
  const sign = signs.find(({ all, none }) => all.every(has) && !none.some(has))
  return sign === undefined ? null : { sign, version: versionOf(sign, coreDirectory), docroot, coreDirectory }
}

/** WordPress in a folder of its own: the docroot's `index.php` requires its `wp-blog-header.php`. */
function candidateBelow(docroot: string): Candidate | null {
  const index = readSmallFile(join(docroot, 'index.php'))
  const folder = /['"](?:\.?\/)?([\w./-]+)\/wp-blog-header\.php['"]/.exec(index ?? '')?.[1]
  if (folder === undefined || folder.split('/').includes('..')) return null
  return candidateAt(docroot, join(docroot, folder))
}

function versionOf({ version }: Sign, directory: string): string | null {
  if (version === null) return null
  return version.pattern.exec(readSmallFile(join(directory, version.file)) ?? '')?.[1] ?? null
}

function webRootsOf(codeRoot: string): string[] {
  const named = composerWebRoot(codeRoot)
  const names = named === null ? webRoots : [...new Set([named, ...webRoots])]
  return names
    .map((name) => join(codeRoot, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
}

/** Where `composer.json` says that the docroot is; only a folder inside the code root counts. */
function composerWebRoot(codeRoot: string): string | null {
  const text = readSmallFile(join(codeRoot, 'composer.json'))
  const found = /"web-root"\s*:\s*"([^"\\]+)"/.exec(text ?? '')?.[1]
  if (found === undefined) return null
  const name = normalize(found).replace(/^\.?\/|\/+$/g, '')
  return name === '' || name === '.' || name.startsWith('..') ? null : name
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  } catch (error) {
    if (isErrno(error, 'EACCES', 'ENOENT')) return []
    throw error
  }
}
