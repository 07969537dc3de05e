import { Failure } from '../../base/failure.ts'

/** Why an archive was refused, for programs and tests; the sentence is for people. */
export type RefusalReason =
  | 'truncated'
  | 'malformed'
  | 'checksum'
  | 'trailing-data'
  | 'path'
  | 'path-length'
  | 'path-depth'
  | 'duplicate'
  | 'through-link'
  | 'hard-link'
  | 'limit'
  | 'ratio'
  | 'ambiguous'
  | 'unsupported'

/** @returns the failure that ends the reading of a malformed or hostile archive */
export function refuse(reason: RefusalReason, found: string, cause?: unknown): Failure {
  return new Failure('ARCHIVE_DAMAGED', `Cannot read the archive: ${found}`, {
    details: { reason },
    hint: hints[reason] ?? 'Make the archive anew, with tar or zip, and compare its size after copying',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Of several archives the person must know which one: its name takes the place of "the archive"; other errors stay. */
export function ofArchive(error: unknown, name: string): unknown {
  if (!(error instanceof Failure) || error.code !== 'ARCHIVE_DAMAGED') return error
  const { code, hint, details = {} } = error
  const message = error.message.replace(/^Cannot read the archive: /, `Cannot read ${shown(name)}: `)
  return new Failure(code, message, { ...(hint === undefined ? {} : { hint }), details, cause: error })
}

const hints: Partial<Record<RefusalReason, string>> = {
  truncated: 'The file was not copied whole: compare its size or checksum with the original',
  path: 'Archives are made from inside the directory, such as "tar czf site.tar.gz -C /path/to/site ."',
  duplicate: 'Rename one of the two files and make the archive anew',
  unsupported: 'Make the archive anew with "tar czf" or "zip -r", without encryption, sparse files or several volumes',
}

/** A path for a sentence: quoted, not too long, control characters escaped. */
export function shown(path: Uint8Array | string): string {
  const text = typeof path === 'string' ? path : Buffer.from(path).toString()
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
