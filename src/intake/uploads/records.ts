import { Failure } from '../../base/failure.ts'
import { newUlid } from '../../base/ids.ts'
import type { Actor } from '../../contract/words.ts'
import { json } from '../../state/json.ts'
import type { Row } from '../../state/tables.ts'
import { type Intake, uploadLifeMs } from '../intake.ts'

export type UploadRow = Row<'upload'>

interface NewUpload {
  id?: string
  way: UploadRow['way']
  actor: Actor
  fileName: string
  sizeBytes: number | null
  sha256: Buffer | null
}

/** The file is made by the first byte that comes. */
export async function createUpload(intake: Intake, wanted: NewUpload, now: Date = new Date()): Promise<UploadRow> {
  return intake.db
    .insertInto('upload')
    .values({
      id: wanted.id ?? newUlid(),
      way: wanted.way,
      actor: json(wanted.actor),
      file_name: wanted.fileName,
      size_bytes: wanted.sizeBytes,
      declared_sha256: wanted.sha256,
      created_at: now,
      expires_at: new Date(now.getTime() + uploadLifeMs),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/**
 * @param actor whose it must be; that somebody else's exists is not told
 * @throws {Failure} UPLOAD_NOT_FOUND
 */
export async function findUpload(intake: Intake, id: string, actor?: Actor, now: Date = new Date()): Promise<UploadRow> {
  const row = await intake.db.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst()
  const isTheirs = row !== undefined && (actor === undefined || isSame(row.actor, actor))
  if (!isTheirs || (row.expires_at <= now && row.held_by === null)) {
    throw new Failure('UPLOAD_NOT_FOUND', `Cannot find the upload "${id}": there is none with this id`, {
      hint: 'Uploads are removed after a day: upload the file again',
    })
  }
  return row
}

/** Says how many bytes are durable. */
export async function checkpoint(
  intake: Intake,
  id: string,
  change: { offset_bytes: number; size_bytes?: number | null; validator?: string | null },
): Promise<void> {
  await intake.db.updateTable('upload').set(change).where('id', '=', id).execute()
}

export async function deleteRow(intake: Intake, id: string): Promise<void> {
  await intake.db.deleteFrom('upload').where('id', '=', id).execute()
}

/** Two tokens of one person are one owner: an upload may go on from another machine. */
function isSame(a: Actor, b: Actor): boolean {
  return a.name === b.name && (a.kind === b.kind || ['person', 'token'].includes(b.kind))
}
