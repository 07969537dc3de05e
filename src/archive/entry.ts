/** What an archive is made of. A path is bytes: file systems hold names that are no UTF-8. */
export type EntryKind = 'directory' | 'file' | 'link'

export interface Entry {
  /** Relative, `/` between components, none at either end; empty for the root directory itself */
  path: Buffer
  kind: EntryKind
  /** The low twelve bits */
  mode: number
  uid: number
  gid: number
  /** Owner and group by name; empty where the machine knows none */
  user: string
  group: string
  mtimeNs: bigint
  /** Zero for everything but files */
  sizeBytes: number
  /** Of a link, as stored; empty otherwise */
  target: Buffer
  /** Holds credentials: shown with the backup and each link, kept out of other environments */
  secret: boolean
  /** Names of one inode share a number; 0 for entries with one name */
  linkGroup: number
}

/** The order of entries: component by component as bytes, a directory before what it holds (`/` sorts lowest). */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const x = a[i] as number
    const y = b[i] as number
    if (x === y) continue
    if (x === 0x2f) return -1
    if (y === 0x2f) return 1
    return x - y
  }
  return a.length - b.length
}
