import type { Framework } from '../../contract/words.ts'

/** A site that was recognised in the outline of an archive; paths are the archive's, without a slash at the end. */
export interface FoundSite {
  framework: Framework | 'bedrock'
  /** Its name in sentences */
  title: string
  version: string | null
  docroot: string
  /** Where the framework's own files are: the docroot, or a directory in it */
  coreDirectory: string
  /** What goes into the code: the docroot, or the directory above it that holds `composer.json` or `.git` as well */
  codeRoot: string
  /** Why it cannot be taken */
  refusal: string | null
}

export function joinPath(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('/')
}

export function isBelow(path: string, directory: string): boolean {
  return directory === '' || path.startsWith(`${directory}/`)
}

/** The path as seen from a directory that holds it. */
export function relativeTo(path: string, directory: string): string {
  return directory === '' ? path : path.slice(directory.length + 1)
}
