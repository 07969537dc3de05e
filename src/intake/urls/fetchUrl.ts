import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { landingHint, isHtml } from '../../archive/foreign/recognise.ts'
import { Failure, isErrno } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Actor } from '../../contract/words.ts'
import type { Intake } from '../intake.ts'
import { requireBelowLimit, requireRoom } from '../sizes.ts'
import { IntakeFile } from '../uploads/intakeFile.ts'
import { createUpload, findUpload, type UploadRow } from '../uploads/records.ts'
import { RunningHashes } from '../uploads/runningHashes.ts'
import { settle } from '../uploads/settle.ts'
import { type GetOptions, guardedGet } from './guardedGet.ts'
import { judgeAnswer, Passing } from './judgeAnswer.ts'
import { parseRedirect, parseTarget, type Target } from './target.ts'

export interface FetchOptions extends Pick<GetOptions, 'mayReach' | 'resolve'> {
  run: Run
  /** @default {60000} */
  idleMs?: number
  /** Waits between attempts that brought nothing, each doubled @default {1000} */
  waitMs?: number
}

const attemptsMax = 6
const redirectsMax = 5
const sniffBytes = 1024

/** Makes the place for a file that is to be fetched; give its id to `fetchUrl`, also again after a restart. */
export async function beginFetch(intake: Intake, url: string, actor: Actor): Promise<string> {
  const { fileName } = parseTarget(url)
  const row = await createUpload(intake, { way: 'url', actor, fileName: fileName.slice(0, 200), sizeBytes: null, sha256: null })
  return row.id
}

/**
 * Fetches a file into its place, by GET alone. What is there already is not fetched again where the other server can go on
 * (a range, and a validator that is still true); a server that cannot is asked from the beginning. Ends with the row `ready`.
 *
 * @throws {Failure} FETCH_FAILED, FETCH_REFUSED, UPLOAD_TOO_LARGE, SPACE_LACKING, INPUT_INVALID, WORKFLOW_CANCELLED
 */
export async function fetchUrl(intake: Intake, id: string, url: string, options: FetchOptions): Promise<UploadRow> {
  const target = parseTarget(url)
  const hashes = new RunningHashes()
  let idle = 0
  for (;;) {
    const { offset_bytes: before, state } = await findUpload(intake, id)
    if (state === 'ready') return settle(intake, hashes, id)
    try {
      await fetchOnce(intake, hashes, id, target, options)
      return await settle(intake, hashes, id)
    } catch (error) {
      stopIfCancelled(options.run)
      const passing = passingOf(error)
      if (passing === null) throw error
      idle = (await findUpload(intake, id)).offset_bytes > before ? 0 : idle + 1
      if (idle >= attemptsMax) throw given(target, passing)
      options.run.log('warn', `${target.shown}: ${passing}; trying again`)
      await sleep(Math.min(60_000, (options.waitMs ?? 1000) * 2 ** idle), undefined, { signal: options.run.signal }).catch(
        () => {},
      )
    }
  }
}

async function fetchOnce(
  intake: Intake,
  hashes: RunningHashes,
  id: string,
  target: Target,
  options: FetchOptions,
): Promise<void> {
  const row = await findUpload(intake, id)
  const goesOn = row.offset_bytes > 0 && row.validator !== null
  const headers = goesOn ? { range: `bytes=${row.offset_bytes}-`, 'if-range': row.validator as string } : {}
  const response = await getFollowing(target, headers, options)
  const file = await IntakeFile.open(intake, id, hashes, row.offset_bytes)
  try {
    const answer = judgeAnswer(response, target, goesOn ? { offset: row.offset_bytes, sizeBytes: row.size_bytes } : null)
    if (answer.kind === 'complete') return
    if (answer.from === 0 && file.offset > 0) await file.restart()
    if (answer.sizeBytes !== null) {
      requireBelowLimit(intake, answer.sizeBytes, target.shown)
      await requireRoom(intake.directory, answer.sizeBytes - file.offset, target.shown)
      await file.sync({ size_bytes: answer.sizeBytes, validator: answer.validator })
    } else await file.sync({ validator: answer.validator })
    await receive(intake, file, response, target, answer.sizeBytes, options.run)
    if (!response.complete || (answer.sizeBytes !== null && file.offset < answer.sizeBytes))
      throw new Passing('the connection broke')
    if (answer.sizeBytes !== null && file.offset > answer.sizeBytes) {
      await file.restart()
      throw new Passing('more came than was said')
    }
    await file.sync({ size_bytes: file.offset })
  } finally {
    response.destroy()
    await file.close()
  }
}

async function receive(
  intake: Intake,
  file: IntakeFile,
  response: IncomingMessage,
  target: Target,
  sizeBytes: number | null,
  run: Run,
): Promise<void> {
  let head: Buffer | null = file.offset === 0 ? Buffer.alloc(0) : null
  let checkedBytes = file.offset
  const write = async (bytes: Buffer): Promise<void> => {
    requireBelowLimit(intake, file.offset + bytes.length, target.shown)
    if (sizeBytes === null && file.offset - checkedBytes > 64 << 20) {
      await requireRoom(intake.directory, 0, target.shown)
      checkedBytes = file.offset
    }
    await file.write(bytes)
    run.progress({ doneBytes: file.offset, totalBytes: sizeBytes, note: target.fileName })
  }
  const open = async (): Promise<void> => {
    if (head === null) return
    if (isHtml(head))
      throw new Failure('FETCH_FAILED', `Cannot fetch ${target.shown}: it is a web page, not a file`, { hint: landingHint })
    const first = head
    head = null
    if (first.length > 0) await write(first)
  }
  for await (const part of response as AsyncIterable<Buffer>) {
    stopIfCancelled(run)
    if (head === null) await write(part)
    else {
      head = Buffer.concat([head, part])
      if (head.length >= sniffBytes) await open()
    }
  }
  await open()
}

async function getFollowing(first: Target, headers: Record<string, string>, options: FetchOptions): Promise<IncomingMessage> {
  let target = first
  for (let hop = 0; ; hop++) {
    const { mayReach, idleMs = 60_000, run, resolve } = options
    const response = await guardedGet(target, {
      headers,
      mayReach,
      idleMs,
      signal: run.signal,
      ...(resolve === undefined ? {} : { resolve }),
    })
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0)) return response
    response.destroy()
    if (hop === redirectsMax) {
      throw new Failure('FETCH_FAILED', `Cannot fetch ${first.shown}: it redirects more than ${redirectsMax} times`)
    }
    target = parseRedirect(target, response.headers.location)
  }
}

/** What is worth another attempt, in words; null for what is not. */
function passingOf(error: unknown): string | null {
  if (error instanceof Passing) return error.message
  if (error instanceof Failure) return null
  if (isErrno(error, 'ENOTFOUND')) return 'no machine has this name'
  if (isErrno(error, 'ECONNREFUSED')) return 'nothing answers there'
  if (isErrno(error, 'EAI_AGAIN', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'))
    return `the network failed (${error.code})`
  if (!(error instanceof Error)) return null
  if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS)/.test('code' in error ? String(error.code) : '')) {
    return `its certificate is not valid (${error.message})`
  }
  return /aborted|socket hang up|nothing came|Parse Error|premature/i.test(error.message) ? error.message : null
}

function given(target: Target, found: string): Failure {
  return new Failure('FETCH_FAILED', `Cannot fetch ${target.shown}: ${found}, ${attemptsMax} times`, {
    hint: 'Try again later, or download the file yourself and upload it',
    retry: 'later',
  })
}
