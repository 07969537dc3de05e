import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Failure } from '../base/failure.ts'
import { readText, send, unreachableServer } from './send.ts'

export interface Fetching {
  onProgress(doneBytes: number): void
  signal?: AbortSignal
  /** How long no byte may come before the connection counts as lost; default 60 s */
  stallMs?: number
}

/** How far a download is; changed in place by `fetchRest`, right at every moment. */
export interface Progress {
  /** Opened for appending */
  file: FileHandle
  /** Of the first `done` bytes */
  hash: Hash
  done: number
  url: string
  etag: string | null
  saveEtag(etag: string | null): Promise<void>
}

/**
 * One request for what is missing, appended to the file. An archive that changed meanwhile is loaded from its first byte.
 *
 * @throws {Failure} SERVER_UNREACHABLE when the connection is lost or stalls; LINK_REFUSED when the link is not good any more
 */
export async function fetchRest(progress: Progress, wanted: Fetching): Promise<void> {
  const url = new URL(progress.url)
  const stall = new AbortController()
  const wait = setTimeout(() => stall.abort(), wanted.stallMs ?? 60_000)
  const signal = wanted.signal === undefined ? stall.signal : AbortSignal.any([stall.signal, wanted.signal])
  const resuming = progress.done > 0 && progress.etag !== null
  const headers: Record<string, string> = resuming ? { range: `bytes=${progress.done}-`, 'if-range': progress.etag ?? '' } : {}
  let writing = false
  try {
    const answer = await send({ method: 'GET', url, headers, signal })
    const status = answer.statusCode ?? 0
    if (status === 200) await startOver(progress, answer)
    else if (status !== 206 || !startsAt(answer, progress.done)) throw await refusal(answer, status)
    for await (const part of answer) {
      wait.refresh()
      const bytes = part as Buffer
      writing = true
      await append(progress.file, bytes)
      writing = false
      progress.hash.update(bytes)
      progress.done += bytes.length
      wanted.onProgress(progress.done)
    }
  } catch (error) {
    if (error instanceof Failure || writing || wanted.signal?.aborted === true) throw error
    throw unreachableServer(url, stall.signal.aborted ? new Error('no byte came for too long') : error)
  } finally {
    clearTimeout(wait)
  }
}

async function startOver(progress: Progress, answer: IncomingMessage): Promise<void> {
  await progress.file.truncate(0)
  progress.hash = createHash('sha256')
  progress.done = 0
  const etag = answer.headers.etag ?? null
  // A weak tag promises no equal bytes: such a part cannot be resumed
  progress.etag = etag?.startsWith('W/') === true ? null : etag
  await progress.saveEtag(progress.etag)
}

function startsAt(answer: IncomingMessage, done: number): boolean {
  return new RegExp(`^bytes ${done}-\\d+/`).test(answer.headers['content-range'] ?? '')
}

async function refusal(answer: IncomingMessage, status: number): Promise<Failure> {
  const text = (await readText(answer)).slice(0, 2000)
  const said = sentence(text)
  if (status === 403) return new Failure('LINK_REFUSED', `Cannot download: ${said === '' ? 'the link is refused' : said}`)
  if (status >= 500)
    return new Failure('SERVER_UNREACHABLE', `Cannot download: HTTP ${status} ${said}`.trim(), { retry: 'later' })
  return new Failure('INTERNAL', `Cannot download: HTTP ${status} ${said}`.trim())
}

/** The words of a problem document, or the plain text that came */
function sentence(text: string): string {
  try {
    const parsed = JSON.parse(text) as { detail?: unknown }
    if (typeof parsed.detail === 'string') return parsed.detail
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return text.trim().split('\n', 1)[0] ?? ''
}

async function append(file: FileHandle, bytes: Buffer): Promise<void> {
  let done = 0
  while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten
}
