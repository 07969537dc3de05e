import { decodePage, summarizePage } from '../../repository/page.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { PageSummary, Repository } from '../../repository/types.ts'
import type { PageResult } from './messages.ts'

export interface CapturedPage {
  summary: PageSummary
  bodyBytes: number
  stats: Uint8Array
}

/** Null for a page of which no entry is left. */
export function capturedPage(result: PageResult): CapturedPage | null {
  if (result.ref === null) return null
  const { firstPath, entryCount, archiveLength, rawLength, crc, padIn, padOut } = result
  return {
    summary: {
      ref: unpackChunkRef(result.ref),
      firstPath: Buffer.from(firstPath),
      digest: Buffer.from(result.digest),
      entryCount,
      archiveLength,
      rawLength,
      crc,
      padIn,
      padOut,
    },
    bodyBytes: result.bodyBytes,
    stats: result.stats,
  }
}

/** Whether each page was summed up with the padding that the page before really leaves. */
export function isChain(pages: readonly PageSummary[]): boolean {
  return pages.every((page, index) => page.padIn === (pages[index - 1]?.padOut ?? 0))
}

/**
 * Sums up anew the pages whose padding was foreseen wrongly: the last file of the page before changed its size while it
 * was read, or stands before another page than last time. The pages must be durable and recorded.
 */
export async function mendChain(repository: Repository, pages: PageSummary[], archive: ArchiveForm): Promise<void> {
  let padIn = 0
  for (const [index, page] of pages.entries()) {
    if (page.padIn !== padIn) {
      const entries = decodePage(await repository.readChunk(page.ref))
      pages[index] = { ...page, ...summarizePage(entries, padIn, archive) }
    }
    padIn = pages[index]?.padOut ?? 0
  }
}
