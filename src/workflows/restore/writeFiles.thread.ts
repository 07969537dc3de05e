import { closeSync, constants, fchmodSync, fchownSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { Failure, failureRecord, isErrno } from '../../base/failure.ts'
import { spaceFailure } from '../../base/files.ts'
import { mtimeSeconds } from '../../hosts/local/changes.ts'
import { copyKnown } from '../../releases/managed/copyKnown.ts'
import { unpackChunkRefs } from '../../repository/chunkRef.ts'
import { FragmentReader } from '../../repository/threads/fragmentReader.ts'
import type { ChunkLocation, ChunkRef } from '../../repository/types.ts'
import type { CompareFile, FileAnswer, FileJob, FileThreadData, PackedChunks, WriteFile } from './fileJobs.ts'

const { directory, key } = workerData as FileThreadData
const reader = new FragmentReader(directory, key)
let block = Buffer.allocUnsafeSlow(256 << 10)

parentPort?.on('message', (message: FileJob) => parentPort?.postMessage(answer(message)))

function answer(message: FileJob): FileAnswer {
  try {
    if (message.kind === 'compare') return { job: message.job, same: message.files.map(isSame) }
    if (message.kind === 'copy') return { job: message.job, same: copyKnown(message.copies) }
    writeAll(message.files, message.chunks)
    return { job: message.job, same: [] }
  } catch (error) {
    return { job: message.job, failure: failureRecord(error) }
  }
}

function writeAll(files: readonly WriteFile[], chunks: PackedChunks): void {
  const refs = unpackChunkRefs(chunks.refs)
  let next = 0
  for (const file of files) {
    try {
      writeOne(file, refs.slice(next, next + file.chunkCount), (index) => placeOf(chunks, next + index))
    } catch (error) {
      throw spaceFailure(error, Buffer.from(file.to).toString())
    }
    next += file.chunkCount
  }
}

function writeOne(file: WriteFile, refs: readonly ChunkRef[], place: (index: number) => ChunkLocation): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const fd = openSync(Buffer.from(file.to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    let written = 0
    for (const [index, ref] of refs.entries()) {
      const raw = reader.readRawSync(ref, place(index))
      if (!reader.hasId(ref, raw)) {
        throw new Failure('CHUNK_DAMAGED', `Cannot restore chunk ${ref.id.toString('hex', 0, 6)}: its bytes do not have its id`, {
          hint: 'Run "cairn repository:check --read-data" to list the backups that use it',
        })
      }
      for (let done = 0; done < raw.length;) done += writeSync(fd, raw, done)
      written += raw.length
    }
    if (written !== file.sizeBytes) {
      throw new Failure(
        'VERIFY_FAILED',
        `Cannot restore a file: its chunks have ${written} bytes, the manifest says ${file.sizeBytes}`,
      )
    }
    if (file.owner !== null) giveTo(fd, file.owner)
    fchmodSync(fd, file.mode) // behind the owner: giving a file away takes setuid and setgid from it
    futimesSync(fd, mtimeSeconds(file.mtimeNs), mtimeSeconds(file.mtimeNs))
  } finally {
    closeSync(fd)
  }
}

function giveTo(fd: number, owner: { uid: number; gid: number }): void {
  try {
    fchownSync(fd, owner.uid, owner.gid)
  } catch (error) {
    // an ordinary user may give to groups of his own only; preflight said so
    if (process.geteuid?.() === 0 || !isErrno(error, 'EPERM')) throw error
  }
}

function isSame(file: CompareFile): boolean {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  let fd: number
  try {
    fd = openSync(Buffer.from(file.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO')) return false
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size !== file.sizeBytes) return false
    return unpackChunkRefs(file.refs).every((ref) => {
      const raw = read(fd, ref.rawLen)
      return raw !== null && reader.hasId(ref, raw)
    })
  } finally {
    closeSync(fd)
  }
}

/** The next bytes of a file, null where it ends early. */
function read(fd: number, length: number): Buffer | null {
  if (block.length < length) block = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length;) {
    const got = readSync(fd, block, done, length - done, null)
    if (got === 0) return null
    done += got
  }
  return block.subarray(0, length)
}

function placeOf(chunks: PackedChunks, index: number): ChunkLocation {
  const [pack, offset, storedLen] = chunks.places.subarray(index * 3, index * 3 + 3)
  return { pack: chunks.packs[pack ?? 0] ?? '', offset: offset ?? 0, storedLen: storedLen ?? 0 }
}
