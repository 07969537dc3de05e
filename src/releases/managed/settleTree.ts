import { closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { modeOf, setMode, setOwner } from '../../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../../hosts/local/handles.ts'
import { plainMode } from './layTree.ts'

/**
 * Gives a directory and everything below it to a site: its owner, readable and writable for it, no setuid. What is right
 * already is not touched. Reached through handles.
 *
 * @param what the names of entries, to look at them and the directory alone
 */
export async function settleTree(
  directory: string,
  owner: { uid: number; gid: number },
  what: 'all' | readonly string[] = 'all',
): Promise<void> {
  const top = openDirectory(directory)
  let seen = 0
  const settle = async (parent: number, name: Buffer, isDeep: boolean): Promise<void> => {
    const path = handlePath(parent, name)
    const stat = lstatSync(path, { bigint: true })
    const isOwned = Number(stat.uid) === owner.uid && Number(stat.gid) === owner.gid
    if (!isOwned && process.geteuid?.() === 0) setOwner(path, owner.uid, owner.gid)
    if (stat.isSymbolicLink()) return
    const mode = plainMode(modeOf(stat)) | (stat.isDirectory() ? 0o700 : 0)
    // giving a file away takes some of its mode along
    if (mode !== modeOf(stat) || !isOwned) setMode(path, mode)
    if (!stat.isDirectory() || !isDeep) return
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      for (const child of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
        if (++seen % 500 === 0) await turn()
        await settle(fd, child, true)
      }
    } finally {
      closeSync(fd)
    }
  }
  try {
    await settle(top, Buffer.alloc(0), what === 'all')
    if (what !== 'all') for (const name of what) await settle(top, Buffer.from(name), false)
  } finally {
    closeSync(top)
  }
}
