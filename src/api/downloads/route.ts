import { Type } from 'typebox'
import { openElementArchive } from '../../backups/archive.ts'
import { openLink } from '../../backups/links.ts'
import { Failure } from '../../base/failure.ts'
import type { ApiDeps, ApiLimits } from '../deps.ts'
import { answerError, sendProblem } from '../problem.ts'
import type { Api } from '../server.ts'
import { judge, rangeHolds, type Validators } from './conditions.ts'
import { parseRange, type Wanted } from './range.ts'
import { keepRecent } from './recent.ts'
import { sendPart } from './sendPart.ts'

const DownloadParams = Type.Object({ token: Type.String(), fileName: Type.String() })
const openArchivesMax = 16

/**
 * `/download/<token>/<file name>`: the link is the right, so no machine token is asked for. It is looked at when a request
 * begins; a download under way goes on past the expiry, and a renewed link goes on where the old one ended, because the entity
 * tag belongs to the bytes.
 */
export function downloadRoutes(app: Api, deps: ApiDeps, limits: ApiLimits): void {
  const openRecent = keepRecent(openArchivesMax, openElementArchive)

  app.route({
    method: ['GET', 'HEAD'],
    url: '/download/:token/:fileName',
    config: { action: 'link.download' },
    schema: { summary: 'An archive, whole or one range of it', params: DownloadParams, security: [] },
    errorHandler: (error, request, reply) => {
      if (!(error instanceof Failure) || error.code !== 'LINK_REFUSED') return answerError(error, request, reply)
      request.outcome = error.code
      reply.raw.statusMessage = `Forbidden: ${error.message}` // all that wget shows of an answer
      if (request.headers.accept?.includes('text/html') !== true) return sendProblem(reply, error)
      return reply
        .code(error.status)
        .type('text/plain; charset=utf-8')
        .send(`${error.message}.\n${error.hint ?? ''}\n`)
    },
    handler: async (request, reply) => {
      const { method, headers } = request
      const { link, backup } = await openLink(deps.store, request.params.token, request.params.fileName)
      const stored = backup.elements[link.element]
      const archive = await openRecent(stored?.manifest ?? '', deps.store.repository, backup, link.element)
      const validators = { etag: quoted(archive.etag), modifiedAt: archive.modifiedAt }

      const verdict = judge(headers, validators)
      if (verdict === 'not-modified') return reply.code(304).headers(validatorHeaders(validators)).send()
      if (verdict === 'precondition-failed') return reply.code(412).headers(validatorHeaders(validators)).send()

      const ranged = method === 'GET' && rangeHolds(headers['if-range']?.toString(), validators)
      const wanted = parseRange(ranged ? headers.range : undefined, archive.lengthBytes)
      if (wanted.kind === 'unsatisfiable') {
        void reply.header('content-range', `bytes */${archive.lengthBytes}`)
        return sendProblem(
          reply,
          new Failure('INPUT_INVALID', `Cannot send this range: the archive has ${archive.lengthBytes} bytes`),
          416,
        )
      }
      const head = {
        ...validatorHeaders(validators),
        ...rangeHeaders(wanted, archive.lengthBytes),
        'content-type': 'application/gzip',
        'content-disposition': `attachment; filename="${link.file_name}"`,
      }
      const status = wanted.kind === 'part' ? 206 : 200
      if (method === 'HEAD') return reply.code(status).headers(head).send()
      const place = { site: backup.site, environment: backup.environment }
      return sendPart(request, reply, { db: deps.store.db, link, place, archive, wanted, status, head, stallMs: limits.stallMs })
    },
  })
}

function rangeHeaders(wanted: Exclude<Wanted, { kind: 'unsatisfiable' }>, lengthBytes: number): Record<string, string | number> {
  if (wanted.kind === 'whole') return { 'content-length': lengthBytes }
  const { start, endInclusive } = wanted
  return { 'content-length': endInclusive - start + 1, 'content-range': `bytes ${start}-${endInclusive}/${lengthBytes}` }
}

/** `no-transform`: a proxy that packs the answer again would break its length and its entity tag. */
function validatorHeaders({ etag, modifiedAt }: Validators): Record<string, string> {
  return {
    etag,
    'last-modified': modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache, no-transform',
  }
}

function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`
}
