import { availableParallelism } from 'node:os'
import type { ForeignFile } from '../../archive/foreign/openForeign.ts'
import { readGuarded } from '../../archive/foreign/readGuarded.ts'
import { ofArchive, shown } from '../../archive/foreign/refuse.ts'
import { type ForeignEntry, type ForeignLimits, foreignLimits } from '../../archive/foreign/types.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Warning } from '../../contract/words.ts'
import { EntryIndex } from '../../intake/archives/entryIndex.ts'
import { type Outline, OutlineMaker } from '../../intake/archives/outline.ts'
import { chunkClasses, chunkClassOf } from '../../repository/chunker.ts'
import { unpackChunkRefs } from '../../repository/chunkRef.ts'
import { chooseCodec, type CodecChoice } from '../../repository/codecs/codec.ts'
import { looksCompressed } from '../../repository/fragment.ts'
import type { ChunkRef, Repository, StoredEntry, WriteSession } from '../../repository/types.ts'
import { untilCancelled } from '../capture/captureTree.ts'
import { Encoders } from '../capture/encoders.ts'
import { SectionCutter } from '../capture/sectionCutter.ts'

export interface StoreArchiveOptions {
  repository: Repository
  /** Everything that is stored is pinned through it; the commit must use the same one */
  session: WriteSession
  file: ForeignFile
  /** A private directory for the index of a large archive; empty again once the archive is closed */
  workDirectory: string
  limits?: Partial<ForeignLimits>
  /** Paths may differ in upper and lower case alone */
  twins?: boolean
  run: Run
}

/** Somebody waits for it, and most of it becomes a commit at once: no backup keeps these chunks unless it finds the same again. */
export const intakeCodec = (): CodecChoice => chooseCodec('fast')

/** An archive whose bodies are in the repository: its entries in order, ready to become manifests. */
export interface StoredArchive {
  name: string
  outline: Outline
  /** What was passed over */
  warnings: Warning[]
  /** In the order of manifests, with directories that the archive only implied; readable from the repository at once */
  entries(): Generator<StoredEntry, void, undefined>
  /** Removes what it keeps on disk. Safe to call twice. */
  close(): void
}

/** Small files share a slot of the cutter; so many and it goes to the encoders anyway. */
const filesInSlotMax = 2048
const warningsMax = 1000

/**
 * Reads a foreign archive once and stores every body as chunks; no path of it is ever written to. Memory is bounded: slots of
 * the cutter, the paths seen in 20 bytes each, 24 MB of entries. After a failure only garbage is left in the repository and
 * nothing in the directory.
 *
 * @throws {Failure} ARCHIVE_DAMAGED with `details.reason`; SPACE_LACKING, WORKFLOW_CANCELLED, SESSION_LOST
 */
export async function storeArchive(options: StoreArchiveOptions): Promise<StoredArchive> {
  const { repository, session, file, run } = options
  stopIfCancelled(run)
  const encoders = Encoders.start({ repository, session, codec: intakeCodec() })
  const index = new EntryIndex(options.workDirectory)
  const outline = new OutlineMaker()
  const warnings: Warning[] = []
  try {
    const reading = readAll(options, encoders, index, outline, warnings)
    await untilCancelled(run, Promise.race([reading, encoders.failed]))
    await untilCancelled(run, encoders.finish())
    encoders.release()
    index.finish()
    return { name: file.name, outline, warnings, entries: () => index.entries(), close: () => index.close() }
  } catch (error) {
    await encoders.abort()
    index.close()
    throw ofArchive(error, file.name)
  }
}

async function readAll(
  { file, repository, run, ...options }: StoreArchiveOptions,
  encoders: Encoders,
  index: EntryIndex,
  outline: OutlineMaker,
  warnings: Warning[],
): Promise<void> {
  const cutter = new SectionCutter(repository.keys.gear, chunkClasses.large, availableParallelism() * 2 + 2, (memory, spans) =>
    encoders.submit<'spans'>({ kind: 'spans', memory, spans }).then(({ refs }) => unpackChunkRefs(refs)),
  )
  const onSkipped = (path: Buffer, what: string): void => {
    const message = `${shown(path)} is ${what}: it was left out`
    if (warnings.length < warningsMax) warnings.push({ code: 'ENTRY_SKIPPED', element: null, message, path: path.toString() })
  }
  const limits = { ...foreignLimits, ...options.limits }
  const pending = new Set<Promise<void>>()
  let inSlot = 0
  let doneBytes = 0
  for await (const { entry, body, implied } of readGuarded(file, { limits, onSkipped, twins: options.twins ?? false })) {
    stopIfCancelled(run)
    for (const path of implied) {
      const directory: ForeignEntry = { ...entry, path, kind: 'directory', mode: 0o755, sizeBytes: 0 }
      outline.see(directory)
      index.add(stored({ ...directory, target: Buffer.alloc(0) }, []), 'implied')
    }
    const tells = outline.see(entry)
    if (entry.kind !== 'file' || entry.sizeBytes === 0) {
      index.add(stored(entry, []), entry.kind === 'hardlink' ? 'hardLink' : 'entry')
      continue
    }
    const section = cutter.begin(entry.path.toString('latin1'), {
      size: chunkClassOf(entry.sizeBytes),
      probe: looksCompressed(entry.path.toString('latin1')),
    })
    const text: Buffer[] = []
    for await (const bytes of body) {
      stopIfCancelled(run)
      await cutter.write(bytes)
      doneBytes += bytes.length
      if (tells) text.push(Buffer.from(bytes))
      run.progress({ doneBytes, doneItems: outline.entries })
    }
    await cutter.end()
    if (tells) outline.tell(entry.path, Buffer.concat(text))
    const kept = { ...entry, path: Buffer.from(entry.path) } // its bytes may be a view of what was read
    const done = Promise.all(section.parts).then((parts) => {
      index.add(stored(kept, parts.flat()), 'entry')
      pending.delete(done)
    })
    done.catch(() => {}) // heard below
    pending.add(done)
    inSlot += 1
    if (inSlot < filesInSlotMax) continue
    inSlot = 0
    await cutter.flush()
    while (pending.size > filesInSlotMax * 2) await Promise.race(pending)
  }
  await cutter.flush()
  await Promise.all(pending)
}

function stored(entry: ForeignEntry, chunks: ChunkRef[]): StoredEntry {
  const { path, kind, mode, mtimeNs, sizeBytes, target } = entry
  return {
    path: Buffer.from(path),
    kind: kind === 'hardlink' ? 'link' : kind,
    mode,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs,
    sizeBytes,
    target: Buffer.from(target),
    secret: false,
    linkGroup: 0,
    chunks,
  }
}
