import type { Backup, BackupStore } from '../../backups/catalogue.ts'
import { findLink, type Link, openLink } from '../../backups/links.ts'

/**
 * What a link of this very Cairn offers, read from the repository without any network. Null for every other address, also for
 * one that only looks like ours: it is fetched like any other, and gets what anybody gets.
 *
 * @param ours what links begin with, now and before
 * @throws {Failure} LINK_REFUSED with its sentence for a link of ours that has expired, was revoked or altered
 */
export async function openOwnLink(
  store: BackupStore,
  address: string,
  ours: readonly string[],
  now: Date = new Date(),
): Promise<{ link: Link; backup: Backup } | null> {
  const named = parseOwnLink(address.trim(), ours)
  if (named === null || (await findLink(store.db, named.token)) === null) return null
  return openLink(store, named.token, named.fileName, now)
}

function parseOwnLink(address: string, ours: readonly string[]): { token: string; fileName: string } | null {
  if (!URL.canParse(address)) return null
  const url = new URL(address)
  for (const base of ours) {
    if (!URL.canParse(base) || new URL(base).host !== url.host) continue
    const below = `${new URL(base).pathname.replace(/\/$/, '')}/download/`
    const [token, fileName, ...rest] = url.pathname.startsWith(below) ? url.pathname.slice(below.length).split('/') : []
    if (token !== undefined && fileName !== undefined && rest.length === 0) return { token, fileName }
  }
  return null
}
