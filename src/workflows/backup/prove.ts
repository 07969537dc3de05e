import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGunzip, crc32 } from 'node:zlib'
import { combineCrc } from '../../archive/crc.ts'
import { readTar, type TarMember } from '../../archive/readTar.ts'
import { tarSeconds } from '../../archive/tarHeader.ts'
import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import { entriesOf, openArchive } from '../../repository/archiveOut.ts'
import { droppedBytes } from '../../repository/threads/collectGarbage.ts'
import type { Manifest, Repository, StoredEntry } from '../../repository/types.ts'

export interface Proof {
  /** Of the archive as it is downloaded, hex */
  sha256: string
  archiveBytes: number
  entries: number
}

/**
 * Reads an archive back through the very path that serves downloads and compares it with its manifest: each entry's path,
 * kind, mode, owner, time, size, link target and content, the number of entries, the length of the whole. Nothing is written.
 *
 * @throws {Failure} VERIFY_FAILED with the first difference; CHUNK_DAMAGED and CHUNK_MISSING from the repository
 */
export async function proveArchive(repository: Repository, manifest: Manifest, run: Run): Promise<Proof> {
  const archive = openArchive(repository, manifest)
  const hash = createHash('sha256')
  let archiveBytes = 0
  const seen = { entries: 0 }
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of archive.read(undefined, run.signal)) {
      stopIfCancelled(run)
      hash.update(piece)
      archiveBytes += piece.length
      droppedBytes(piece.length)
      run.progress({ doneBytes: archiveBytes, totalBytes: archive.lengthBytes })
      yield piece
    }
  }
  await pipeline(bytes(), createGunzip({ chunkSize: 256 << 10 }), async (plain: AsyncIterable<Buffer>) => {
    if (manifest.form === 'tar') await compareTar(plain, repository, manifest, seen)
    else await compareSections(plain, repository, manifest, seen)
  }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    const where = `behind ${archiveBytes} of ${archive.lengthBytes} bytes, ${seen.entries} of ${manifest.entryCount} entries were right`
    throw different(manifest, `it does not inflate (${error.message}), ${where}`)
  })
  const { entries } = seen
  if (archiveBytes !== archive.lengthBytes)
    throw different(manifest, `it has ${archiveBytes} bytes instead of ${archive.lengthBytes}`)
  if (entries !== manifest.entryCount) throw different(manifest, `it has ${entries} entries instead of ${manifest.entryCount}`)
  return { sha256: hash.digest('hex'), archiveBytes, entries }
}

interface Seen {
  entries: number
}

async function compareTar(plain: AsyncIterable<Buffer>, repository: Repository, manifest: Manifest, seen: Seen): Promise<void> {
  const prefix = Buffer.from(manifest.archivePrefix)
  const wanted = entriesOf(repository, manifest)[Symbol.asyncIterator]()
  for await (const member of readTar(plain)) {
    let next = await wanted.next()
    if (next.done !== true && next.value.path.length === 0 && prefix.length === 0) {
      seen.entries++ // the root directory of an archive without a prefix has no header
      next = await wanted.next()
    }
    if (next.done === true) throw different(manifest, `it holds "${member.entry.path.toString()}", which the manifest lacks`)
    await compareMember(manifest, member, next.value, prefix)
    seen.entries++
  }
  const rest = await wanted.next()
  const isLoneRoot = rest.done !== true && seen.entries === 0 && rest.value.path.length === 0 && prefix.length === 0
  if (rest.done !== true && !isLoneRoot) throw different(manifest, `it lacks "${rest.value.path.toString()}"`)
  if (isLoneRoot) seen.entries = 1
}

async function compareMember(manifest: Manifest, member: TarMember, want: StoredEntry, prefix: Buffer): Promise<void> {
  const { entry, body } = member
  const path = Buffer.concat([prefix, want.path])
  const full = path.at(-1) === 0x2f ? path.subarray(0, -1) : path
  const where = `"${full.toString()}"`
  if (!entry.path.equals(full)) throw different(manifest, `"${entry.path.toString()}" stands where ${where} should`)
  if (entry.kind !== want.kind) throw different(manifest, `${where} is a ${entry.kind} instead of a ${want.kind}`)
  if (entry.kind !== 'link' && (entry.mode & 0o7777) !== want.mode) throw different(manifest, `${where} has another mode`)
  if (entry.uid !== want.uid || entry.gid !== want.gid) throw different(manifest, `${where} belongs to another owner`)
  if (entry.mtimeSeconds !== tarSeconds(want.mtimeNs)) throw different(manifest, `${where} has another time`)
  if (!entry.target.equals(want.target)) throw different(manifest, `${where} points elsewhere`)
  let crc = 0
  let length = 0
  for await (const piece of body) {
    crc = crc32(piece, crc)
    length += piece.length
    droppedBytes(piece.length)
  }
  if (length !== want.sizeBytes) throw different(manifest, `${where} has ${length} bytes instead of ${want.sizeBytes}`)
  if (length > 0 && crc !== crcOf(want)) throw different(manifest, `${where} has other content`)
}

/** A dump has no headers: its sections follow one another, each as long as the manifest says. */
async function compareSections(
  plain: AsyncIterable<Buffer>,
  repository: Repository,
  manifest: Manifest,
  seen: Seen,
): Promise<void> {
  let piece = Buffer.alloc(0)
  const source = plain[Symbol.asyncIterator]()
  for await (const section of entriesOf(repository, manifest)) {
    let left = section.sizeBytes
    let crc = 0
    while (left > 0) {
      if (piece.length === 0) {
        const next = await source.next()
        if (next.done === true) throw different(manifest, `it ends within "${section.path.toString()}"`)
        piece = next.value as Buffer<ArrayBuffer>
      }
      const part = piece.subarray(0, left)
      crc = crc32(part, crc)
      droppedBytes(part.length)
      left -= part.length
      piece = piece.subarray(part.length)
    }
    if (section.sizeBytes > 0 && crc !== crcOf(section))
      throw different(manifest, `"${section.path.toString()}" has other content`)
    seen.entries++
  }
  const rest = piece.length > 0 ? { done: false } : await source.next()
  if (rest.done !== true) throw different(manifest, 'it goes on after its last section')
}

function crcOf(entry: StoredEntry): number {
  return entry.chunks.reduce((crc, chunk) => combineCrc(crc, chunk.crc, chunk.rawLen), 0)
}

function different(manifest: Manifest, found: string): Failure {
  return new Failure('VERIFY_FAILED', `Cannot prove the ${manifest.element} archive: ${found}`, {
    hint: 'Run "cairn repository:check --read-data"; take the backup again',
    retry: 'later',
  })
}
