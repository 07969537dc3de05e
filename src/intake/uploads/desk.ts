import { Server } from '@tus/server'
import { Failure } from '../../base/failure.ts'
import { newUlid } from '../../base/ids.ts'
import type { Actor } from '../../contract/words.ts'
import type { Intake } from '../intake.ts'
import { UploadLocks } from './locker.ts'
import { findUpload, type UploadRow } from './records.ts'
import { RunningHashes } from './runningHashes.ts'
import { settle } from './settle.ts'
import { ownerKey, parseSha256, TusStore } from './tusStore.ts'

/** Resumable uploads over one intake directory: the tus protocol, and what it has no words for. */
export interface UploadDesk {
  /**
   * Answers one request of the protocol. The answer's body holds no failure: that is thrown.
   *
   * @throws {Failure} with `TusRefusal` as its cause when tus wants a status of its own
   */
  handle(request: Request, actor: Actor): Promise<Response>
  find(id: string, actor: Actor): Promise<UploadRow>
  /** Tells the SHA-256, if it was not told before, and checks. @throws {Failure} UPLOAD_DAMAGED, UPLOAD_INCOMPLETE */
  finish(id: string, sha256: string | null, actor: Actor): Promise<UploadRow>
}

/** The status that the protocol asks for where our code has another one. */
export class TusRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'TusRefusal'
    this.status = status
  }
}

export const uploadsPath = '/v1/uploads'

/** How long a request that another one pushes out may take to save what it has. */
const drainMs = 500

export function openUploadDesk(intake: Intake): UploadDesk {
  const hashes = new RunningHashes()
  const locks = new UploadLocks()
  const failures = new WeakMap<Request, Failure | Error>()
  const actors = new WeakMap<Request, Actor>()
  const tus = new Server({
    path: uploadsPath,
    datastore: new TusStore(intake, hashes),
    locker: locks,
    lockDrainTimeout: drainMs,
    relativeLocation: true,
    allowedOrigins: [],
    namingFunction: () => newUlid(),
    async onUploadCreate(request, upload) {
      const { [ownerKey]: _dropped, ...metadata } = upload.metadata ?? {}
      parseSha256(metadata['sha256'] ?? null)
      return { metadata: { ...metadata, [ownerKey]: JSON.stringify(actors.get(request as Request)) } }
    },
    async onUploadFinish(_request, upload) {
      await locks.during(upload.id, () => settle(intake, hashes, upload.id))
      return {}
    },
    async onIncomingRequest(request, id) {
      if (request.method !== 'POST') await findUpload(intake, id, actors.get(request as Request))
    },
    onResponseError(request, error) {
      if (error instanceof Error) failures.set(request as Request, error)
      return undefined
    },
  })

  return {
    async handle(request, actor) {
      actors.set(request, actor)
      const response = await tus.handleWeb(request)
      const failure = failures.get(request)
      if (failure !== undefined) throw failure
      if (response.status >= 400) throw worded(response.status, await response.text())
      return response
    },
    find: (id, actor) => findUpload(intake, id, actor),
    async finish(id, sha256, actor) {
      await findUpload(intake, id, actor)
      const row = await locks.during(id, () => settle(intake, hashes, id, parseSha256(sha256)))
      if (row.state !== 'receiving') return row
      throw new Failure(
        'UPLOAD_INCOMPLETE',
        `Cannot finish the upload "${id}": ${row.offset_bytes} of ${row.size_bytes} bytes have arrived`,
        { hint: 'Let the upload go on to its end', retry: 'later' },
      )
    },
  }
}

/** The library's own refusals are plain objects with a line of text. */
function worded(status: number, text: string): Failure {
  const found = text.trim().replace(/\.$/, '') || `status ${status}`
  return new Failure('INPUT_INVALID', `Cannot take part of an upload: ${found.charAt(0).toLowerCase()}${found.slice(1)}`, {
    hint: 'Uploads speak tus 1.0.0 (https://tus.io): creation, termination, expiration',
    cause: new TusRefusal(status, text),
  })
}
