import type { Readable } from 'node:stream'
import { DataStore, Upload } from '@tus/server'
import { Failure } from '../../base/failure.ts'
import type { Actor } from '../../contract/words.ts'
import { type Intake, uploadLifeMs } from '../intake.ts'
import { requireBelowLimit, requireRoom } from '../sizes.ts'
import { IntakeFile } from './intakeFile.ts'
import { createUpload, findUpload } from './records.ts'
import type { RunningHashes } from './runningHashes.ts'
import { removeUpload } from './settle.ts'

/** What tus stores into: our directory and rows. The library holds the upload's lock around each call. */
export class TusStore extends DataStore {
  readonly #intake: Intake
  readonly #hashes: RunningHashes
  readonly #writing = new Map<string, Promise<unknown>>()

  constructor(intake: Intake, hashes: RunningHashes) {
    super()
    this.#intake = intake
    this.#hashes = hashes
    this.extensions = ['creation', 'creation-with-upload', 'expiration', 'termination']
  }

  override async create(upload: Upload): Promise<Upload> {
    const { size = null, metadata } = upload
    const fileName = shownName(metadata?.['filename'] ?? '')
    if (size !== null) {
      requireBelowLimit(this.#intake, size, `"${fileName}"`)
      await requireRoom(this.#intake.directory, size, `"${fileName}"`)
    }
    const owner = JSON.parse(metadata?.[ownerKey] ?? 'null') as Actor
    const row = await createUpload(this.#intake, {
      id: upload.id,
      way: 'upload',
      actor: owner,
      fileName,
      sizeBytes: size,
      sha256: parseSha256(metadata?.['sha256'] ?? null),
    })
    upload.creation_date = row.created_at.toISOString()
    return upload
  }

  override async getUpload(id: string): Promise<Upload> {
    await this.#writing.get(id) // a request that was cut may still be syncing
    const row = await findUpload(this.#intake, id)
    return new Upload({
      id,
      offset: row.offset_bytes,
      creation_date: row.created_at.toISOString(),
      metadata: { filename: row.file_name, ...(row.declared_sha256 && { sha256: row.declared_sha256.toString('hex') }) },
      ...(row.size_bytes === null ? {} : { size: row.size_bytes }),
    })
  }

  /** Keeps what came, also when the connection breaks. */
  override write(stream: Readable, id: string, offset: number): Promise<number> {
    const work = this.#write(stream, id, offset)
    const settled = work.catch(() => {}).finally(() => this.#writing.get(id) === settled && this.#writing.delete(id))
    this.#writing.set(id, settled)
    return work
  }

  override async remove(id: string): Promise<void> {
    await this.#writing.get(id)
    await findUpload(this.#intake, id)
    await removeUpload(this.#intake, id)
  }

  override getExpiration(): number {
    return uploadLifeMs
  }

  async #write(stream: Readable, id: string, offset: number): Promise<number> {
    const file = await IntakeFile.open(this.#intake, id, this.#hashes, offset)
    try {
      for await (const bytes of stream) await file.write(bytes as Buffer)
    } finally {
      await file.close()
    }
    return file.offset
  }
}

/** Metadata key under which the interface tells the store whose the upload is; what a client sends there is dropped. */
export const ownerKey = 'cairn-owner'

export function parseSha256(text: string | null): Buffer | null {
  if (text === null || text === '') return null
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  throw new Failure('INPUT_INVALID', 'Cannot read the SHA-256 of the upload: 64 hexadecimal digits are wanted')
}

/** For people only: no file is ever named by it. */
function shownName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = name.replace(/^.*[/\\]/s, '').replace(/[\u0000-\u001f\u007f]/g, '')
  return plain.slice(0, 200) || 'upload'
}
