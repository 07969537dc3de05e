import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../base/failure.ts'
import { IdParams } from '../../contract/schemas.ts'
import { UploadFinishInput, UploadView } from '../../contract/uploadSchemas.ts'
import { TusRefusal, type UploadDesk, uploadsPath } from '../../intake/uploads/desk.ts'
import type { ApiDeps, ApiLimits } from '../deps.ts'
import { callerOf } from '../guard.ts'
import { sendProblem } from '../problem.ts'
import type { Api } from '../server.ts'

const bodyType = 'application/offset+octet-stream'

/** Header fields of the protocol, as the description lists them; their values are checked by the protocol itself. */
const TusHeaders = Type.Object({
  'tus-resumable': Type.Optional(Type.String({ description: '1.0.0' })),
  'upload-length': Type.Optional(Type.String({ description: 'At creation: the size of the file in bytes' })),
  'upload-metadata': Type.Optional(Type.String({ description: 'At creation: "filename" and "sha256" (hex), each value base64' })),
  'upload-offset': Type.Optional(
    Type.String({ description: 'With bytes: where they begin, which is where the last ones ended' }),
  ),
})

type Uploads = ApiDeps['uploads']

/** `/v1/uploads`: tus 1.0.0, and two requests beside it: how far an upload is, and the SHA-256 that it must have. */
export async function uploadRoutes(app: Api, deps: ApiDeps, limits: ApiLimits): Promise<void> {
  await app.register(async (scope: Api) => {
    scope.addContentTypeParser(bodyType, (_request, payload, done) => done(null, payload)) // streamed, never held
    const one = `${uploadsPath}/:id`
    const about = (summary: string) => ({ summary, params: IdParams, headers: TusHeaders })
    const tus = (request: FastifyRequest, reply: FastifyReply) => speakTus(deps.uploads, limits, request, reply)

    scope.post(
      uploadsPath,
      {
        config: { action: 'upload.create' },
        schema: { summary: 'Begin an upload (tus creation): 201 with its address in "location"', headers: TusHeaders },
      },
      tus,
    )
    const goOn = { config: { action: 'upload.continue' } } as const
    scope.head(one, { ...goOn, schema: about('Where an upload goes on: "upload-offset"') }, tus)
    scope.patch(one, { ...goOn, schema: about(`Send bytes of an upload (${bodyType})`) }, tus)
    scope.delete(one, { config: { action: 'upload.delete' }, schema: about('Delete an upload (tus termination)') }, tus)
    scope.get(
      one,
      {
        exposeHeadRoute: false,
        config: { action: 'upload.continue' },
        schema: { summary: 'One upload', params: IdParams, response: { 200: UploadView } },
      },
      async (request) => view(await deps.uploads.find(request.params.id, callerOf(request).actor)),
    )
    scope.post(
      `${one}/finish`,
      {
        config: { action: 'upload.create' },
        schema: {
          summary: 'Check a file that has arrived whole against its SHA-256',
          params: IdParams,
          body: UploadFinishInput,
          response: { 200: UploadView },
        },
      },
      async (request) => view(await deps.uploads.finish(request.params.id, request.body.sha256 ?? null, callerOf(request).actor)),
    )
  })
}

async function speakTus(uploads: UploadDesk, limits: ApiLimits, request: FastifyRequest, reply: FastifyReply) {
  const { raw, method } = request
  const hasBody = request.body instanceof Readable
  const { socket } = raw
  const giveUp = (): void => void raw.destroy()
  socket.setTimeout(limits.stallMs) // a client that is gone without a word
  socket.on('timeout', giveUp)
  try {
    const response = await uploads.handle(
      new Request(new URL(request.url, 'http://localhost'), {
        method,
        headers: Object.entries(request.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)] as [string, string]],
        ),
        ...(hasBody ? { body: Readable.toWeb(raw) as ReadableStream as never, duplex: 'half' } : {}),
      } as RequestInit),
      callerOf(request).actor,
    )
    void reply.code(response.status).header('cache-control', 'no-store')
    for (const [name, value] of response.headers) {
      if (!/^(access-control-|content-|cache-control)/.test(name)) void reply.header(name, value)
    }
    return await reply.send(null)
  } catch (error) {
    if (hasBody && !raw.readableEnded) void reply.header('connection', 'close') // the rest is not worth reading
    void reply.header('tus-resumable', '1.0.0')
    if (!(error instanceof Failure && error.cause instanceof TusRefusal)) throw error
    request.outcome = error.code
    return sendProblem(reply, error, error.cause.status)
  } finally {
    socket.setTimeout(0)
    socket.off('timeout', giveUp) // the connection goes on to the next request
  }
}

function view(row: Awaited<ReturnType<Uploads['find']>>): UploadView {
  return {
    id: row.id,
    fileName: row.file_name,
    sizeBytes: row.size_bytes,
    offsetBytes: row.offset_bytes,
    state: row.state,
    sha256: row.sha256?.toString('hex') ?? null,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }
}
