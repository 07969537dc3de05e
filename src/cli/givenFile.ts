import { type FileHandle, open } from 'node:fs/promises'
import { type ArchiveKind, headBytes, recogniseArchive } from '../archive/foreign/recognise.ts'
import { Failure } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'

/** What a file is wanted for; `all` is one archive with code, files and database */
export type FileRole = 'code' | 'files' | 'database' | 'all'

/** A file that can be uploaded, as it was when it was looked at. */
export interface GivenFile {
  path: string
  sizeBytes: number
  modifiedMs: number
}

/**
 * Looks at a file before anything is sent, with the eyes of the server: what it refuses for its first bytes after an hour of
 * uploading is refused here.
 *
 * @throws {Failure} INPUT_INVALID for what is no readable file, ARCHIVE_REFUSED for one that cannot be what it is given for
 */
export async function lookAtFile(path: string, role: FileRole): Promise<GivenFile> {
  const file = await openFile(path)
  try {
    const found = await file.stat()
    if (!found.isFile()) throw refusedFile(path, found.isDirectory() ? 'it is a directory' : 'it is no file')
    if (found.size === 0) throw refusedFile(path, 'it is empty')
    const head = Buffer.alloc(Math.min(headBytes, found.size))
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    requireRole(recogniseArchive(head.subarray(0, bytesRead), path).kind, path, role)
    return { path, sizeBytes: found.size, modifiedMs: found.mtimeMs }
  } catch (error) {
    const trouble = pathTrouble(error, 'read')
    throw trouble === null ? error : refusedFile(path, `it ${trouble}`)
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    const trouble = pathTrouble(error, 'read')
    throw trouble === null ? error : refusedFile(path, `it ${trouble}`)
  }
}

/** A dump holds no files; an archive may hold a dump. */
function requireRole(kind: ArchiveKind, path: string, role: FileRole): void {
  if (kind !== 'sql' || role === 'database') return
  const wanted = role === 'all' ? 'an archive that holds code, files and database' : `an archive of ${role}`
  throw new Failure('ARCHIVE_REFUSED', `Cannot use "${path}" as ${wanted}: it is a database dump`, {
    hint: 'Give a .tar.gz, .tgz, .tar or .zip here, and the dump as the database (import:database, or --database of site:create)',
  })
}

function refusedFile(path: string, found: string): Failure {
  return new Failure('INPUT_INVALID', `Cannot upload "${path}": ${found}`, {
    hint: 'Give an archive (.tar.gz, .tgz, .tar, .zip), a dump (.sql, .sql.gz), or an address that begins with http:// or https://',
  })
}
