import { readFileSync, statSync } from 'node:fs'

/**
 * Names of users and groups as this machine's files know them (`/etc/passwd`, `/etc/group`), read again when they change.
 * Accounts that only a directory service knows have no name here: an entry then keeps its number alone.
 */
export function userName(uid: number): string {
  return table(users).byId.get(uid) ?? ''
}

export function groupName(gid: number): string {
  return table(groups).byId.get(gid) ?? ''
}

/** The number of a name, null where this machine does not know it. */
export function userId(name: string): number | null {
  return table(users).byName.get(name) ?? null
}

export function groupId(name: string): number | null {
  return table(groups).byName.get(name) ?? null
}

interface Source {
  path: string
  mtimeMs: number
  askedAt: number
  byId: Map<number, string>
  byName: Map<string, number>
}

const users: Source = { path: '/etc/passwd', mtimeMs: -1, askedAt: 0, byId: new Map(), byName: new Map() }
const groups: Source = { path: '/etc/group', mtimeMs: -1, askedAt: 0, byId: new Map(), byName: new Map() }
const askAgainMs = 2_000

function table(source: Source): Source {
  const now = Date.now()
  if (now - source.askedAt < askAgainMs) return source
  source.askedAt = now
  const stat = statSync(source.path, { throwIfNoEntry: false })
  if (stat === undefined || stat.mtimeMs === source.mtimeMs) return source
  source.mtimeMs = stat.mtimeMs
  source.byId = new Map()
  source.byName = new Map()
  for (const line of readFileSync(source.path, 'utf8').split('\n')) {
    const [name = '', , id = ''] = line.split(':')
    if (name === '' || !/^\d+$/.test(id)) continue
    if (!source.byName.has(name)) source.byName.set(name, Number(id))
    if (!source.byId.has(Number(id))) source.byId.set(Number(id), name)
  }
  return source
}
