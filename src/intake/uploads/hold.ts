import { existsSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import type { Actor } from '../../contract/words.ts'
import { type Intake, intakePath } from '../intake.ts'
import { findUpload, type UploadRow } from './records.ts'

export interface HeldFile {
  id: string
  path: string
  fileName: string
  sizeBytes: number
  sha256: Buffer
}

/**
 * Gives a file that is there whole to a workflow, which from now on keeps it from being removed for as long as it is open. A
 * second call of the same workflow is the same; when one has ended, whatever its end, the file is free again.
 *
 * @param actor whose it must be
 * @throws {Failure} UPLOAD_NOT_FOUND, UPLOAD_INCOMPLETE with what is missing, WORKFLOW_BUSY while another one uses it
 */
export async function holdUpload(intake: Intake, id: string, workflowId: string, actor?: Actor): Promise<HeldFile> {
  const row = await findUpload(intake, id, actor)
  requireReady(intake, row)
  const taken = await intake.db
    .updateTable('upload')
    .set({ held_by: workflowId })
    .where('id', '=', id)
    .where((where) =>
      where.or([
        where('held_by', 'is', null),
        where('held_by', '=', workflowId),
        where.not(where('held_by', 'in', openWorkflows(intake))),
      ]),
    )
    .executeTakeFirst()
  if (taken.numUpdatedRows === 0n) {
    throw new Failure('WORKFLOW_BUSY', `Cannot use the upload "${id}": the workflow "${row.held_by}" uses it`, { retry: 'later' })
  }
  const { file_name: fileName, size_bytes, sha256 } = row
  return { id, path: intakePath(intake, id), fileName, sizeBytes: size_bytes ?? 0, sha256: sha256 ?? Buffer.alloc(0) }
}

/** Ids of the workflows that may still use what they hold. */
export function openWorkflows(intake: Intake) {
  return intake.db.selectFrom('workflow').select('workflow.id').where('state', 'in', ['queued', 'running'])
}

function requireReady(intake: Intake, row: UploadRow): void {
  const named = `Cannot use the upload "${row.id}" ("${row.file_name}")`
  if (row.state === 'receiving') {
    const of = row.size_bytes === null ? '' : ` of ${row.size_bytes}`
    throw new Failure('UPLOAD_INCOMPLETE', `${named}: ${row.offset_bytes}${of} bytes have arrived`, {
      hint: 'Let the upload go on to its end',
      retry: 'later',
    })
  }
  if (row.state === 'received') {
    throw new Failure('UPLOAD_INCOMPLETE', `${named}: nobody told which SHA-256 it must have`, {
      hint: `Tell it with POST /v1/uploads/${row.id}/finish, or as the metadata "sha256" at the beginning`,
    })
  }
  if (!existsSync(intakePath(intake, row.id))) {
    throw new Failure('UPLOAD_NOT_FOUND', `${named}: its file is gone`, { hint: 'Upload the file again' })
  }
}
