import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'

/**
 * Refuses what `--to` named when nothing can be saved there: known before the server is asked for anything.
 *
 * @throws {Failure} INPUT_INVALID with the directory and what is wrong with it
 */
export function requireSavable(to: string, cwd: string): void {
  if (to === '') {
    throw new Failure('INPUT_INVALID', 'Cannot save: --to names nothing', { hint: 'Name a file, or "." for this directory' })
  }
  const path = resolve(cwd, to)
  const directory = to.endsWith('/') || isDirectory(path) ? path : dirname(path)
  const trouble = troubleOf(directory)
  if (trouble === null) return
  throw new Failure('INPUT_INVALID', `Cannot save to "${to}": the directory "${directory}" ${trouble}`, {
    hint: 'Make the directory first, or name one that is there and yours',
  })
}

function troubleOf(directory: string): string | null {
  try {
    if (!statSync(directory).isDirectory()) return 'is not a directory'
    accessSync(directory, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    const trouble = pathTrouble(error, 'written')
    if (trouble === null) throw error
    return trouble
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    if (pathTrouble(error, 'written') === null) throw error
    return false
  }
}
