import { rm } from 'node:fs/promises'
import { Failure } from '../../base/failure.ts'
import { type Intake, intakePath } from '../intake.ts'
import { sizeText } from '../sizes.ts'
import { deleteRow, findUpload, type UploadRow } from './records.ts'
import type { RunningHashes } from './runningHashes.ts'

/**
 * Checks a file that is there whole: its SHA-256 becomes known (`received`), and once it is the one that was told, the file may
 * be used (`ready`). Safe to call again at any time; whoever calls holds the upload's lock.
 *
 * @param told by the client at the end, when it did not tell at the beginning
 * @throws {Failure} UPLOAD_DAMAGED, and the upload is gone; UPLOAD_NOT_FOUND
 */
export async function settle(intake: Intake, hashes: RunningHashes, id: string, told: Buffer | null = null): Promise<UploadRow> {
  let row = await findUpload(intake, id)
  if (row.size_bytes === null || row.offset_bytes < row.size_bytes) return row
  const change = async (to: Partial<Pick<UploadRow, 'sha256' | 'state' | 'declared_sha256'>>): Promise<void> => {
    row = await intake.db.updateTable('upload').set(to).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  }
  if (row.sha256 === null) {
    await change({ sha256: await hashes.finish(id, intakePath(intake, id), row.size_bytes), state: 'received' })
  }
  const wanted = told ?? row.declared_sha256
  if (wanted !== null && row.sha256 !== null) {
    if (!wanted.equals(row.sha256)) {
      const { file_name, size_bytes, sha256 } = row
      await removeUpload(intake, id)
      throw new Failure(
        'UPLOAD_DAMAGED',
        `Cannot take "${file_name}": its ${sizeText(size_bytes ?? 0)} have the SHA-256 ${sha256.toString('hex')}, and ${wanted.toString('hex')} was told`,
        { hint: 'The file was changed on its way, or while it was read: upload it again', retry: 'later' },
      )
    }
    if (row.state !== 'ready' || row.declared_sha256 === null) await change({ state: 'ready', declared_sha256: wanted })
  } else if (row.way === 'url' && row.state !== 'ready') {
    await change({ state: 'ready' })
  }
  return row
}

/** The row goes first: a file without a row is garbage that the next sweep takes. */
export async function removeUpload(intake: Intake, id: string): Promise<void> {
  await deleteRow(intake, id)
  await rm(intakePath(intake, id), { force: true })
}
