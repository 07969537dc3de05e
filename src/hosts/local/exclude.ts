import type { ExcludeRule } from '../treeSource.ts'

/** Gives the reason why an entry is left out, or null. A directory that is left out takes all below it along. */
export type Exclude = (relPath: string, isDirectory: boolean) => string | null

/** Nothing is left out. */
export const excludeNothing: Exclude = () => null

/**
 * Compiles rules into one function, to be asked for each directory before what it holds. The first rule that fits gives the
 * reason. A glob that ends in `/` fits directories only.
 */
export function compileExclude(rules: readonly ExcludeRule[]): Exclude {
  const byPath = new Map<string, string>()
  const byName: Pattern[] = []
  const byGlob: Pattern[] = []
  for (const { path, glob, reason } of rules) {
    if (path !== undefined) byPath.set(trimSlashes(path), reason)
    if (glob === undefined) continue
    const body = trimSlashes(glob)
    const pattern: Pattern = { match: globToRegExp(body), directoryOnly: glob.endsWith('/'), reason }
    if (body.includes('/') || glob.startsWith('/')) byGlob.push(pattern)
    else byName.push(pattern)
  }
  return (relPath, isDirectory) => {
    const exact = byPath.get(relPath)
    if (exact !== undefined && relPath !== '') return exact
    const name = relPath.slice(relPath.lastIndexOf('/') + 1)
    return first(byName, name, isDirectory) ?? first(byGlob, relPath, isDirectory)
  }
}

interface Pattern {
  match: RegExp
  directoryOnly: boolean
  reason: string
}

function first(patterns: Pattern[], text: string, isDirectory: boolean): string | null {
  for (const pattern of patterns) {
    if ((isDirectory || !pattern.directoryOnly) && pattern.match.test(text)) return pattern.reason
  }
  return null
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}

function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    switch (part) {
      case '**/':
        return '(?:.*/)?'
      case '**':
        return '.*'
      case '*':
        return '[^/]*'
      case '?':
        return '[^/]'
      default:
        return `\\${part}`
    }
  })
  return new RegExp(`^${source}$`, 's')
}
