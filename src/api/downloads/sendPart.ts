import type { FastifyReply, FastifyRequest } from 'fastify'
import { beginAudit, endAudit } from '../../access/audit.ts'
import type { Link } from '../../backups/links.ts'
import { failureRecord } from '../../base/failure.ts'
import type { ArchiveOut } from '../../repository/archiveOut.ts'
import type { ApiDeps } from '../deps.ts'
import type { Wanted } from './range.ts'
import { sendBody, type SendEnd } from './send.ts'

const firstBytesMin = 1024

interface Part {
  db: ApiDeps['store']['db']
  link: Link
  /** Of which site its archive is */
  place: { site: string; environment: string }
  archive: ArchiveOut
  wanted: Exclude<Wanted, { kind: 'unsatisfiable' }>
  status: number
  head: Record<string, string | number>
  stallMs: number
}

/**
 * Sends an archive or a part of it, with a row in the audit log from the first byte to the last. What is damaged at the very
 * beginning is answered in words; later the connection is cut.
 */
export async function sendPart(request: FastifyRequest, reply: FastifyReply, part: Part): Promise<FastifyReply> {
  const { db, link, archive, wanted } = part
  const range = wanted.kind === 'part' ? { start: wanted.start, endInclusive: wanted.endInclusive } : undefined
  const lengthBytes = range === undefined ? archive.lengthBytes : range.endInclusive - range.start + 1
  const row = await beginAudit(db, {
    actor: link.actor,
    action: 'link.download',
    subject: link.file_name,
    place: part.place,
    address: request.ip,
    details: { link: link.id, backup: link.backup_id, from: range?.start ?? 0, lengthBytes },
  })
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const parts = archive.read(range, gone.signal)[Symbol.asyncIterator]()
  try {
    const first = await readFirst(parts)
    reply.hijack()
    reply.raw.writeHead(part.status, { ...(reply.getHeaders() as Record<string, string>), ...part.head })
    const end = await sendBody(reply.raw, parts, first, { lengthBytes, stallMs: part.stallMs })
    if (end.kind === 'broken') {
      const { code, message } = failureRecord(end.error)
      request.log.error({ code, link: link.id, backup: link.backup_id, sentBytes: end.sentBytes }, `cut a download: ${message}`)
    }
    await endAudit(db, row, resultOf(end), { sentBytes: end.sentBytes })
  } catch (error) {
    if (reply.sent) request.log.error({ err: error, link: link.id }, 'cannot finish the row of a download')
    else await endAudit(db, row, failureRecord(error).code, { sentBytes: 0 })
    if (!reply.sent) throw error
  }
  return reply
}

/** The first part is the ten bytes of a gzip header: with what follows it, damage there can still be told in words. */
async function readFirst(parts: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  const first = await parts.next()
  if (first.done === true || first.value.length >= firstBytesMin) return first
  const second = await parts.next()
  return second.done === true ? first : { done: false, value: Buffer.concat([first.value, second.value]) }
}

function resultOf(end: SendEnd): string {
  if (end.kind === 'broken') return failureRecord(end.error).code
  return end.kind === 'sent' ? 'done' : 'left'
}
