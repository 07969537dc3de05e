import { Failure } from '../../base/failure.ts'

/** Why an archive makes no site, for programs and tests. */
export type StructureReason =
  | 'no-archive'
  | 'no-code-root'
  | 'core-missing'
  | 'several-code-roots'
  | 'several-sites'
  | 'several-files'
  | 'no-dump'
  | 'several-dumps'
  | 'stale-archive'
  | 'framework'

export function refuseArchive(reason: StructureReason, name: string, found: string, hint: string): Failure {
  return new Failure('ARCHIVE_REFUSED', `Cannot import "${name}": ${found}`, { hint, details: { reason } })
}

/** Some of many, for a sentence. */
export function listed(paths: readonly string[], most = 4): string {
  const some = paths.slice(0, most).map((path) => `"${path === '' ? '.' : path}"`)
  return paths.length > most ? `${some.join(', ')} and ${paths.length - most} more` : some.join(', ')
}
