import { createHash, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { Actor, Element } from '../contract/words.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import { type Backup, type BackupStore, findBackup, keptOf, requireUsable } from './catalogue.ts'
import { visibility } from './retain.ts'
import { viewElement } from './view.ts'

export const defaultLifeSeconds = 3600

export type Link = Row<'link'>

interface NewLink {
  backup: string
  element: Element
  lifeSeconds?: number
  actor: Actor
}

/**
 * Makes a link to one archive. Its token has 256 bits of chance, is given back this once and kept as a hash.
 *
 * @throws {Failure} BACKUP_NOT_FOUND, BACKUP_UNUSABLE, ELEMENT_MISSING
 */
export async function createLink(
  store: BackupStore,
  wanted: NewLink,
  now: Date = new Date(),
): Promise<{ link: Link; token: string; backup: Backup }> {
  const backup = await findBackup(store, wanted.backup, { now })
  requireUsable(backup)
  const element = viewElement(backup, wanted.element)
  if (element === null) {
    throw new Failure(
      'ELEMENT_MISSING',
      `Cannot make a link to the ${wanted.element} of the backup "${backup.id}": it holds ${held(backup)} only`,
    )
  }
  const token = randomBytes(32).toString('base64url')
  const lifeSeconds = wanted.lifeSeconds ?? defaultLifeSeconds
  const link = await store.db
    .insertInto('link')
    .values({
      id: newUlid(),
      token_hash: hash(token),
      backup_id: backup.id,
      element: wanted.element,
      file_name: element.fileName,
      life_seconds: lifeSeconds,
      expires_at: new Date(now.getTime() + lifeSeconds * 1000),
      actor: json(wanted.actor),
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { link, token, backup }
}

/** The link of a token, in whatever state; null for a token that Cairn did not make. */
export async function findLink(db: Kysely<StateTables>, token: string): Promise<Link | null> {
  return (await db.selectFrom('link').selectAll().where('token_hash', '=', hash(token)).executeTakeFirst()) ?? null
}

/** Which environment an archive belongs to that a link with this id offers; null where there is no such link. */
export async function placeOfLink(db: Kysely<StateTables>, id: string): Promise<Pick<Backup, 'site' | 'environment'> | null> {
  const query = db.selectFrom('link').innerJoin('backup', 'backup.id', 'link.backup_id').select(['site', 'environment'])
  return (await query.where('link.id', '=', id).executeTakeFirst()) ?? null
}

/**
 * Finds what a link offers. Which of the reasons holds is told only to who has the token.
 *
 * @throws {Failure} LINK_REFUSED with the sentence what to do
 */
export async function openLink(
  store: BackupStore,
  token: string,
  fileName: string,
  now: Date = new Date(),
): Promise<{ link: Link; backup: Backup }> {
  const link = await findLink(store.db, token)
  if (link === null || link.file_name !== fileName) {
    throw refused(
      'this address is not one that Cairn made, a part of it is missing or altered',
      'Copy the whole link again, or make a new one',
    )
  }
  if (link.revoked_at !== null) throw refused('the link was revoked', 'Make a new link')
  if (link.expires_at <= now) {
    throw refused(`the link expired at ${link.expires_at.toISOString()}`, 'Make a new link, it resumes what this one began')
  }
  const backup = await store.db.selectFrom('backup').selectAll().where('id', '=', link.backup_id).executeTakeFirst()
  if (backup === undefined || visibility(keptOf(backup), now).kind !== 'shown') {
    throw refused('its backup has expired or was deleted', 'Recall the backup within seven days, or make a link to another one')
  }
  if (backup.state === 'damaged') throw refused('its backup is damaged', 'Make a link to another backup')
  return { link, backup }
}

/** From now on the link is refused; a download under way goes on. @throws {Failure} LINK_NOT_FOUND */
export async function revokeLink(db: Kysely<StateTables>, id: string, now: Date = new Date()): Promise<Link> {
  const link = await db.selectFrom('link').selectAll().where('id', '=', id).executeTakeFirst()
  if (link === undefined) throw new Failure('LINK_NOT_FOUND', `Cannot revoke the link "${id}": no link has this id`)
  if (link.revoked_at !== null) return link
  return db.updateTable('link').set({ revoked_at: now }).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

function refused(found: string, advice: string): Failure {
  return new Failure('LINK_REFUSED', `Cannot download: ${found}`, {
    hint: `${advice}: "cairn backup:get SITE.ENV --element=ELEMENT"`,
  })
}

function held(backup: Backup): string {
  return Object.keys(backup.elements).join(', ')
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
