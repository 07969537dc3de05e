import { statfsSync } from 'node:fs'
import type { Entry } from '../../archive/entry.ts'
import { Failure, isErrno } from '../../base/failure.ts'
import { announceChange, makeDirectory, makeLink, setMode, setMtime, setOwner } from '../../hosts/local/changes.ts'
import { handlePath } from '../../hosts/local/handles.ts'
import { isSameOwner, namedOwner, type Owner, type Standing, wantedMode } from './owners.ts'
import type { ApplyPart, FetchJob } from './types.ts'

const batchFilesMax = 1024
const batchBytesMax = 64 << 20

/** Lays wanted entries ready in work directories, with their final modes, owners and times. */
export interface Stage<E extends Entry> {
  /** The top of a move. `to` is what `stagePath` gives; `owner` of the entry it replaces, or of the directory it comes into */
  begin(part: ApplyPart<E>, to: Buffer, entry: E, heir: Heir): Promise<void>
  /** An entry below it; `rest` is the path inside, latin1 */
  add(part: ApplyPart<E>, rest: string, entry: E): Promise<void>
  /** @param owners who owns anything in the tree, as `uid:gid`: nobody else becomes an owner by a restore */
  finish(owners: ReadonlySet<string>): Promise<void>
}

interface Heir {
  standing: Standing
  owner: Owner
  /** An entry that replaces another keeps that one's owner, whatever the backup names */
  replaces: boolean
}

interface Staged extends Heir {
  to: Buffer
  entry: Entry
}

/** Where the content of a move is laid ready, below an open work directory. */
export function stagePath(work: number, number: number): Buffer {
  return handlePath(work, `in/${number}`)
}

export function openStage<E extends Entry>(): Stage<E> {
  let top: { base: Buffer; heir: Heir } | null = null
  let batch: FetchJob<E>[] = []
  let batchBytes = 0
  let batchPart: ApplyPart<E> | null = null
  const directories: Staged[] = []
  const named: Staged[] = []

  const flush = async (): Promise<void> => {
    const jobs = batch
    const bytes = batchBytes
    batch = []
    batchBytes = 0
    const [first] = jobs
    if (first === undefined || batchPart === null) return
    requireSpace(first.to, bytes)
    announceChange()
    await batchPart.fetch(jobs)
    announceChange()
  }
  const put = async (part: ApplyPart<E>, staged: Staged & { entry: E }): Promise<void> => {
    const { entry, to, standing, owner } = staged
    if (standing.isRoot && !staged.replaces && !isSameOwner(owner, namedOwner(entry))) named.push(staged)
    switch (entry.kind) {
      case 'directory':
        makeDirectory(to, 0o700)
        directories.push(staged)
        return
      case 'link':
        makeLink(entry.target, to)
        giveTo(to, standing, owner)
        setMtime(to, entry.mtimeNs)
        return
      case 'file':
        if (batchPart !== part) await flush()
        batchPart = part
        batch.push({
          entry,
          to,
          mode: wantedMode(standing, entry, owner),
          owner: standing.isRoot ? owner : { uid: standing.uid, gid: owner.gid },
        })
        batchBytes += entry.sizeBytes
        if (batch.length >= batchFilesMax || batchBytes >= batchBytesMax) await flush()
    }
  }
  return {
    async begin(part, to, entry, heir) {
      top = { base: to, heir: { ...heir, replaces: false } }
      await put(part, { to, entry, ...heir })
    },
    async add(part, rest, entry) {
      if (top === null) throw new Error('an entry came before the top of its move')
      const to = Buffer.concat([top.base, Buffer.from(`/${rest}`, 'latin1')])
      await put(part, { to, entry, ...top.heir })
    },
    async finish(owners) {
      await flush()
      // owners are kept by name where that owner is at home in this tree: a backup cannot bring in another one
      for (const staged of named) {
        const owner = namedOwner(staged.entry)
        if (owners.has(`${owner.uid}:${owner.gid}`)) {
          staged.owner = owner
          if (staged.entry.kind === 'directory') continue
          setOwner(staged.to, owner.uid, owner.gid)
          if (staged.entry.kind === 'file') setMode(staged.to, wantedMode(staged.standing, staged.entry, owner))
        }
      }
      // the deepest first: what is made inside a directory changes its time
      for (const { to, entry, standing, owner } of directories.toReversed()) {
        giveTo(to, standing, owner)
        setMtime(to, entry.mtimeNs)
        setMode(to, wantedMode(standing, entry, owner))
      }
    },
  }
}

/** Before anything is written: a disk that a restore fills to its last byte fails the site that stands on it. */
function requireSpace(to: Buffer, bytes: number): void {
  const { bavail, bsize } = statfsSync(to.subarray(0, to.lastIndexOf('/')))
  const free = bavail * bsize
  if (free >= bytes) return
  const needed = `${Math.ceil(bytes / 1e6)} MB more are needed, ${Math.floor(free / 1e6)} MB are free`
  throw new Failure('SPACE_LACKING', `Cannot lay the files of the backup ready on the disk of the site: ${needed}`, {
    hint: 'Free space on this disk and run the command again; nothing was changed',
    retry: 'after-repair',
  })
}

function giveTo(path: Buffer, standing: Standing, owner: Owner): void {
  try {
    setOwner(path, standing.isRoot ? owner.uid : standing.uid, owner.gid)
  } catch (error) {
    // an ordinary user may give to groups of his own only; preflight said so
    if (standing.isRoot || !isErrno(error, 'EPERM')) throw error
  }
}
