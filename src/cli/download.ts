import { createHash, type Hash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { link, open, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'
import { spaceFailure, syncDirectory } from '../base/files.ts'
import { type Fetching, type Progress, fetchRest } from './fetchRest.ts'

export interface Download extends Fetching {
  url: string
  target: string
  sizeBytes: number
  /** Null while the backup has not been proven: then only the length is checked */
  sha256: string | null
  overwrite: boolean
  /** A fresh link, when the one in use has expired */
  renew(): Promise<string>
  say(text: string): void
  /** Before the first of the repeated tries; default 1 s */
  pauseMs?: number
}

/** Tries in a row that bring no byte */
const triesMax = 6

/**
 * Downloads to `<target>.part`, goes on where an earlier try stopped, checks length and SHA-256, syncs, and only then gives
 * the file its name. A lost connection is taken up again; what was loaded stays for the next call.
 *
 * @throws {Failure} TARGET_EXISTS, DOWNLOAD_DAMAGED (the part is removed), SPACE_LACKING, or what the server says
 */
export async function download(wanted: Download): Promise<{ resumedAt: number }> {
  const { target } = wanted
  refuseExisting(wanted)
  const part = `${target}.part`
  const hash = createHash('sha256')
  const file = await openPart(part)
  let resumedAt = 0
  try {
    const etag = readEtag(part)
    if (etag === null) await file.truncate(0)
    const done = await hashPart(part, hash, wanted)
    resumedAt = done
    const progress: Progress = { file, hash, done, url: wanted.url, etag, saveEtag: (tag) => saveEtag(part, tag) }
    await untilWhole(progress, wanted)
    await file.sync()
    await check(progress, part, wanted)
  } catch (error) {
    throw spaceFailure(error, part)
  } finally {
    await file.close()
  }
  await giveName(part, wanted)
  await rm(etagFile(part), { force: true })
  await syncDirectory(dirname(target))
  return { resumedAt }
}

/** @throws {Failure} TARGET_EXISTS unless it may be overwritten */
export function refuseExisting({ target, overwrite }: Pick<Download, 'target' | 'overwrite'>): void {
  if (overwrite || !existsSync(target)) return
  throw new Failure('TARGET_EXISTS', `Cannot write "${target}": it exists already`, {
    hint: 'Name another file, or add --overwrite',
  })
}

async function untilWhole(progress: Progress, wanted: Download): Promise<void> {
  let tries = 0
  while (progress.done < wanted.sizeBytes) {
    const before = progress.done
    try {
      await fetchRest(progress, wanted)
      if (progress.done >= wanted.sizeBytes) return
      throw new Failure('SERVER_UNREACHABLE', 'Cannot go on downloading: the connection ended early', { retry: 'later' })
    } catch (error) {
      if (wanted.signal?.aborted === true) throw error
      tries = progress.done > before ? 1 : tries + 1
      if (!(error instanceof Failure) || tries >= triesMax) throw error
      if (error.code === 'LINK_REFUSED' && tries < triesMax) progress.url = await wanted.renew()
      else if (error.code !== 'SERVER_UNREACHABLE') throw error
      else wanted.say(`${error.message}; trying again from byte ${progress.done}`)
      await sleep((wanted.pauseMs ?? 1000) * 2 ** (tries - 1))
    }
  }
}

async function check(progress: Progress, part: string, wanted: Download): Promise<void> {
  const sha256 = progress.hash.copy().digest('hex')
  const wrong =
    progress.done !== wanted.sizeBytes
      ? `it has ${progress.done} bytes instead of ${wanted.sizeBytes}`
      : wanted.sha256 !== null && sha256 !== wanted.sha256.toLowerCase()
        ? `its SHA-256 is ${sha256}, recorded is ${wanted.sha256}`
        : null
  if (wrong === null) return
  await rm(part, { force: true })
  await rm(etagFile(part), { force: true })
  throw new Failure('DOWNLOAD_DAMAGED', `Cannot keep "${part}": ${wrong}`, {
    hint: 'The file was removed. Run the command again; should it fail again, "cairn repository:check --read-data" tells more',
    retry: 'later',
  })
}

/** A link fails when the name exists, so nothing is overwritten even when two commands end at once. */
async function giveName(part: string, { target, overwrite }: Download): Promise<void> {
  if (overwrite) return rename(part, target)
  try {
    await link(part, target)
    await unlink(part)
  } catch (error) {
    if (isErrno(error, 'EEXIST')) refuseExisting({ target, overwrite })
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP')) throw error
    refuseExisting({ target, overwrite }) // a file system without hard links
    await rename(part, target)
  }
}

async function openPart(part: string): Promise<Progress['file']> {
  try {
    return await open(part, 'a+', 0o600)
  } catch (error) {
    const trouble = pathTrouble(error, 'written')
    if (trouble === null) throw error
    throw new Failure('INPUT_INVALID', `Cannot download: "${part}" ${trouble}`, {
      hint: 'Name a directory that is there and yours',
      cause: error,
    })
  }
}

async function hashPart(part: string, hash: Hash, wanted: Download): Promise<number> {
  const size = statSync(part).size
  if (size === 0 || size > wanted.sizeBytes) {
    return 0
  }
  let done = 0
  const file = await open(part, 'r')
  try {
    for await (const bytes of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
      hash.update(bytes as Buffer)
      done += (bytes as Buffer).length
    }
  } finally {
    await file.close()
  }
  return done
}

/** The entity tag of what the part was loaded from: without it nobody knows whether the rest belongs to it. */
const etagFile = (part: string): string => `${part}.etag`

function readEtag(part: string): string | null {
  try {
    return readFileSync(etagFile(part), 'utf8').trim() || null
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

async function saveEtag(part: string, etag: string | null): Promise<void> {
  if (etag === null) await rm(etagFile(part), { force: true })
  else await writeFile(etagFile(part), `${etag}\n`, { mode: 0o600 })
}
