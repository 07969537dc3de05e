import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { UploadView } from '../contract/uploadSchemas.ts'
import { Interrupted } from './ask.ts'
import { path as route, readProblem } from './client.ts'
import type { Context } from './context.ts'
import type { GivenFile } from './givenFile.ts'
import { sizeText } from '../contract/sizeText.ts'
import { progressView } from './progress.ts'
import { unreachableServer } from './send.ts'
import { type FileIdentity, forgetUpload, recallUpload, rememberUpload } from './uploadRecord.ts'

/** A request takes no more: proxies cut long ones off */
const chunkBytes = 256 << 20
/** Waits between tries that brought nothing; a byte that arrives begins anew */
const retryDelays = [500, 1000, 2000, 4000, 8000, 15_000]

/**
 * Uploads a file and gives the id of the upload. What an earlier call of the same file brought is not sent again, and a lost
 * connection is taken up again. The server checks the SHA-256 of the whole.
 *
 * @throws {Failure} UPLOAD_DAMAGED, UPLOAD_TOO_LARGE, SERVER_UNREACHABLE
 * @throws {Interrupted} at Ctrl-C
 */
export async function uploadFile(context: Context, given: GivenFile): Promise<string> {
  const { client, terminal } = context
  const { path } = given
  const file: FileIdentity = { origin: client.url.origin, ...given }
  const hashing = hashFile(path)
  hashing.catch(() => {}) // told when it is awaited
  const earlier = await findEarlier(context, file)
  if (earlier?.state === 'ready') {
    if (earlier.sha256 === (await hashing)) {
      context.done(`${basename(path)} is on the server already (${sizeText(file.sizeBytes)})`)
      return earlier.id
    }
    forgetUpload(file, terminal.env) // changed, and made to look unchanged
  }
  const id = earlier?.state === 'received' ? earlier.id : await send(context, path, file)
  const sha256 = await hashing
  try {
    await client.post<UploadView>(route`/v1/uploads/${id}/finish`, { sha256 })
  } catch (error) {
    if (error instanceof Failure && error.code === 'UPLOAD_DAMAGED') forgetUpload(file, terminal.env)
    throw error
  }
  context.done(`uploaded ${basename(path)} (${sizeText(file.sizeBytes)})`)
  return id
}

/** What an earlier call left on the server, where it is still good. */
async function findEarlier({ client, terminal }: Context, file: FileIdentity): Promise<UploadView | null> {
  const url = recallUpload(file, terminal.env)
  if (url === null) return null
  try {
    return await client.get<UploadView>(route`/v1/uploads/${idOf(url)}`)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'UPLOAD_NOT_FOUND') throw error
    forgetUpload(file, terminal.env)
    return null
  }
}

async function send(context: Context, path: string, file: FileIdentity): Promise<string> {
  const { client, terminal } = context
  const { Upload } = await import('tus-js-client') // loaded only here: it is not small
  const view = progressView(context)
  const name = basename(path)
  const uploadUrl = recallUpload(file, terminal.env)
  if (uploadUrl !== null) context.say(`Going on with the upload of ${name}`)
  const endpoint = new URL(`${client.url.pathname.replace(/\/$/, '')}/v1/uploads`, client.url).href
  let unsubscribe = (): void => {}
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(createReadStream(path) as never, {
        ...{ endpoint, uploadUrl, chunkSize: chunkBytes, retryDelays, storeFingerprintForResuming: false },
        headers: client.authorization(),
        metadata: { filename: name },
        onUploadUrlAvailable: () => rememberUpload(file, upload.url ?? '', terminal.env),
        onProgress: (doneBytes, totalBytes) => view.show({ title: `uploading ${name}`, doneBytes, totalBytes }),
        onSuccess: () => resolve(upload.url ?? ''),
        onError: (error) => reject(wordFailure(error, client.url)),
      })
      unsubscribe = terminal.onInterrupt(() => {
        void upload.abort().finally(() => reject(new Interrupted('the upload was stopped; the same command goes on with it')))
      })
      upload.start()
    })
    return idOf(url)
  } finally {
    unsubscribe()
    view.clear()
  }
}

function wordFailure(error: Error, server: URL): Failure {
  const { originalResponse: answer = null, causingError: cause = null } = error as {
    originalResponse?: { getStatus(): number; getBody(): string } | null
    causingError?: Error | null
  }
  if (answer === null) {
    const lost = unreachableServer(server, cause ?? error)
    return new Failure(lost.code, `Cannot go on with the upload: ${lost.message}`, {
      hint: `The same command goes on where it stopped. ${lost.hint ?? ''}`.trim(),
      retry: 'later',
      cause: error,
    })
  }
  const status = answer.getStatus()
  const found = readProblem(answer.getBody(), status)
  return found ?? new Failure('SERVER_UNREACHABLE', `Cannot upload to "${server.origin}": HTTP ${status} without a Cairn message`)
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

function idOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '')
}
