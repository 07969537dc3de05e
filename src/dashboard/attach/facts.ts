import type { Detection, EnvironmentView } from '../../contract/schemas.ts'
import { frameworkWords } from '../words/elements.ts'

/** What a directory turned out to be, and what is known of an attached environment, have the same names. */
type Known = Pick<
  Detection & EnvironmentView,
  'framework' | 'version' | 'codeRoot' | 'docroot' | 'filesDirectory' | 'url' | 'database' | 'configFiles'
>

export type Fact = [name: string, value: string]

export function factsOf({ framework, version, codeRoot, docroot, filesDirectory, url, database, configFiles }: Known): Fact[] {
  return [
    [
      'Found',
      framework === null ? 'no system that Cairn knows' : `${frameworkWords[framework] ?? framework} ${version ?? ''}`.trim(),
    ],
    ['Code', docroot === codeRoot ? codeRoot : `${codeRoot}, served from ${docroot}`],
    ['Files', filesDirectory ?? 'not found'],
    ['Database', database === null ? 'not found' : databaseText(database)],
    ['Address', url ?? 'not found'],
    ['With credentials', configFiles.join(', ') || 'none'],
  ]
}

/** What was found, and behind it what was known until now, where that is something else. */
export function factsAgainst(before: Known, found: Known): { facts: Fact[]; same: boolean } {
  const known = new Map(factsOf(before))
  const differs = ([name, value]: Fact): boolean => known.get(name) !== value
  const facts = factsOf(found)
  return {
    facts: facts.map((fact) => (differs(fact) ? [fact[0], `${fact[1]} (until now: ${known.get(fact[0])})`] : fact)),
    same: !facts.some(differs),
  }
}

function databaseText({ name, user, host, port, socket, passwordPresent }: NonNullable<Known['database']>): string {
  const at = socket ?? `${host ?? 'localhost'}${port === null ? '' : `:${port}`}`
  return `${name} as ${user} at ${at}, password ${passwordPresent ? 'found' : 'not found'}`
}
