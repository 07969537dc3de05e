import { closeSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { openDirectory } from '../hosts/local/handles.ts'
import { removeByHandle } from '../hosts/local/removeByHandle.ts'

/** Removes a run directory by handles: a site owns directories in it, and may have put links there. */
export function removeRun(path: string): void {
  const above = openDirectory(realpathSync(dirname(path)))
  try {
    removeByHandle(above, Buffer.from(path.slice(dirname(path).length + 1)))
  } finally {
    closeSync(above)
  }
}
