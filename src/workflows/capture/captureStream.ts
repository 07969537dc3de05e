import { availableParallelism } from 'node:os'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import { chunkClasses, chunkerName } from '../../repository/chunker.ts'
import { unpackChunkRefs } from '../../repository/chunkRef.ts'
import type { CodecChoice } from '../../repository/codecs/codec.ts'
import { encodePage, isPageCut } from '../../repository/page.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { Repository, StoredEntry, WriteSession } from '../../repository/types.ts'
import { type CapturedPage, capturedPage } from './capturedPages.ts'
import { type Captured, untilCancelled } from './captureTree.ts'
import { Encoders } from './encoders.ts'
import type { Previous } from './previous.ts'
import { type CutSection, SectionCutter } from './sectionCutter.ts'
import { statRecordBytes } from './statRecords.ts'
import { storeManifest } from './storeManifest.ts'

export interface CaptureStreamOptions {
  repository: Repository
  session: WriteSession
  /** In the order of the dump, of which they are the parts */
  sections: AsyncIterable<{ name: string; data: AsyncIterable<Uint8Array> }>
  element: Element
  /** The manifest of the last backup; it is given back where nothing changed */
  previous: Previous | null
  codec: CodecChoice
  run: Run
  /** Asked once all sections were read */
  facts?: () => Record<string, unknown>
}

/**
 * Stores named sections, each cut by itself, as the entries of one element. The bodies one after another are the dump.
 *
 * @throws what `sections` throws, and {Failure} SPACE_LACKING, WORKFLOW_CANCELLED, SESSION_LOST; only garbage is left then
 */
export async function captureStream(options: CaptureStreamOptions): Promise<Captured> {
  const { repository, session, run, element } = options
  stopIfCancelled(run)
  const encoders = Encoders.start({ repository, session, codec: options.codec })
  try {
    const stored = untilCancelled(run, Promise.race([storeSections(options, encoders), encoders.failed]))
    const pages = await stored
    const facts = options.facts?.() ?? {}
    const summaries = pages.map((page) => page.summary)
    const { previous } = options
    if (previous !== null && isSame(previous, summaries, facts) && (await session.pin([previous.ref])).length === 0) {
      await encoders.finish()
      encoders.release()
      return { ...previous, warnings: [], unchanged: true }
    }
    const result = await untilCancelled(
      run,
      storeManifest(
        encoders,
        repository,
        {
          element,
          archivePrefix: '',
          chunker: chunkerName,
          form: 'sql',
          rawBytes: pages.reduce((sum, page) => sum + page.bodyBytes, 0),
          madeAt: run.now().toISOString(),
          pages: summaries,
          facts,
        },
        sqlForm,
      ),
    )
    encoders.release()
    return { ...result, warnings: [], unchanged: false }
  } catch (error) {
    await encoders.abort()
    throw error
  }
}

const sqlForm: ArchiveForm = { prefix: '', form: 'sql' }

async function storeSections(options: CaptureStreamOptions, encoders: Encoders): Promise<CapturedPage[]> {
  const { session, run, repository } = options
  const cutter = new SectionCutter(repository.keys.gear, chunkClasses.sql, availableParallelism() * 2 + 2, (memory, spans) =>
    encoders.submit<'spans'>({ kind: 'spans', memory, spans }).then(({ refs }) => unpackChunkRefs(refs)),
  )
  const pages: Promise<CapturedPage | null>[] = []
  let open: CutSection[] = []
  const storePage = async (sections: CutSection[]): Promise<CapturedPage | null> => {
    const entries: StoredEntry[] = []
    for (const section of sections) entries.push(await toEntry(section))
    const stats = new Uint8Array(entries.length * statRecordBytes)
    const plain = new Uint8Array(encodePage(entries))
    const captured = capturedPage(
      await encoders.submit<'page'>({ kind: 'page', entries: plain, stats, read: [], padIn: 0, archive: sqlForm }),
    )
    if (captured !== null) session.coverPage(captured.summary.ref)
    return captured
  }
  let openBytes = 0
  const flush = (): void => {
    if (open.length === 0) return
    const page = storePage(open)
    page.catch(() => {}) // heard below
    pages.push(page)
    open = []
    openBytes = 0
  }
  let doneBytes = 0
  let doneItems = 0
  for await (const { name, data } of options.sections) {
    const path = Buffer.from(name)
    const section = cutter.begin(name)
    for await (const bytes of data) {
      stopIfCancelled(run)
      await cutter.write(bytes)
      doneBytes += bytes.length
      run.progress({ doneBytes, doneItems, note: name })
    }
    await cutter.end()
    doneItems += 1
    open.push(section)
    openBytes += section.sizeBytes
    if (isPageCut(path, open.length, openBytes)) flush()
  }
  await cutter.flush()
  flush()
  return (await Promise.all(pages)).filter((page) => page !== null)
}

async function toEntry(section: CutSection): Promise<StoredEntry> {
  const chunks = (await Promise.all(section.parts)).flat()
  return {
    path: Buffer.from(section.name),
    kind: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs: 0n,
    sizeBytes: section.sizeBytes,
    target: Buffer.alloc(0),
    secret: false,
    linkGroup: 0,
    chunks,
  }
}

function isSame(previous: Previous, pages: readonly CapturedPage['summary'][], facts: Record<string, unknown>): boolean {
  const { manifest } = previous
  return (
    manifest.form === 'sql' &&
    manifest.chunker === chunkerName &&
    JSON.stringify(manifest.facts) === JSON.stringify(facts) &&
    manifest.pages.length === pages.length &&
    manifest.pages.every((page, index) => {
      const now = pages[index]
      return now !== undefined && now.ref.id.equals(page.ref.id) && now.ref.encMac.equals(page.ref.encMac)
    })
  )
}
