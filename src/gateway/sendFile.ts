import { constants, readlinkSync, type BigIntStats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { isErrno } from '../base/failure.ts'
import { contentTypes, extension } from '../runtime/publicNames.ts'
import { outcomeOf } from './conditions.ts'

export interface FileToSend {
  /** Real, and allowed to be shown */
  path: string
  isUpload: boolean
  /** The environment's user, who may change uploads while they are sent */
  uid: number
}

/**
 * Sends a file, or the part of it that was asked for, or that it has not changed.
 *
 * This process may read everything, and a site may put a link in the place of a directory between two looks: what counts is
 * where the open file stands.
 *
 * @returns false when there is no such file after all
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: FileToSend,
  headers: OutgoingHttpHeaders,
): Promise<boolean> {
  const handle = await openExactly(file.path)
  if (handle === null) return false
  try {
    const stat = await handle.stat({ bigint: true })
    if (!stat.isFile() || !isOwn(stat, file)) return false
    const state = { etag: etagOf(stat), modifiedMs: Number(stat.mtimeMs), sizeBytes: Number(stat.size) }
    const outcome = outcomeOf(request.headers, state)
    response.statusCode = outcome.status
    const always: OutgoingHttpHeaders = {
      ...headers,
      'accept-ranges': 'bytes',
      etag: state.etag,
      'last-modified': new Date(state.modifiedMs).toUTCString(),
      'content-type': contentTypes[extension(file.path)] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    }
    for (const [name, value] of Object.entries(always)) if (value !== undefined) response.setHeader(name, value)
    if (outcome.status === 304) {
      response.end()
      return true
    }
    if (outcome.status === 416) {
      response.setHeader('content-range', `bytes */${state.sizeBytes}`)
      response.end()
      return true
    }
    const [from, to] = outcome.status === 206 ? [outcome.from, outcome.to] : [0, state.sizeBytes - 1]
    if (outcome.status === 206) response.setHeader('content-range', `bytes ${from}-${to}/${state.sizeBytes}`)
    response.setHeader('content-length', to - from + 1)
    if (request.method === 'HEAD' || to < from) response.end()
    else await pipeline(handle.createReadStream({ start: from, end: to, autoClose: false }), response)
    return true
  } catch (error) {
    if (isErrno(error, 'ERR_STREAM_PREMATURE_CLOSE')) return true // the visitor has gone
    throw error
  } finally {
    await handle.close()
  }
}

/** Follows no link at the end, waits for no pipe. */
async function openExactly(path: string): Promise<FileHandle | null> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO')) return null
    throw error
  }
  if (readlinkSync(`/proc/self/fd/${handle.fd}`) === path) return handle
  await handle.close()
  return null
}

/** Where the kernel allows hard links to files of others, an upload may be one of these. */
function isOwn(stat: BigIntStats, { isUpload, uid }: FileToSend): boolean {
  return !isUpload || stat.nlink === 1n || stat.uid === BigInt(uid)
}

/** Releases are exported with the time of their commit: the time of the change is each release's own. */
function etagOf(stat: BigIntStats): string {
  return `"${stat.ctimeNs.toString(36)}-${stat.size.toString(36)}"`
}
