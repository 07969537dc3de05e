import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'

/** Where distributions put servers, which the PATH of a service or of an ordinary user may leave out. */
const systemDirectories = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/usr/libexec', '/sbin', '/bin']

/** The first program of the machine whose name matches, the highest name first where several do; null when there is none. */
export function findProgram(name: RegExp): string | null {
  const directories = new Set([
    ...(process.env['PATH'] ?? '').split(':').filter((path) => path.startsWith('/')),
    ...systemDirectories,
  ])
  for (const directory of directories) {
    const found = namesIn(directory)
      .filter((entry) => name.test(entry))
      .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .find((entry) => isProgram(join(directory, entry)))
    if (found !== undefined) return realpathSync(join(directory, found))
  }
  return null
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
}

function isProgram(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0
}
