// The scanner walks the tree beside the manifest before, and sends one message a page.
import { parentPort } from 'node:worker_threads'
import { failureRecord } from '../../base/failure.ts'
import { compileExclude } from '../../hosts/local/exclude.ts'
import { walkTree } from '../../hosts/local/walk.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { RepositoryKey } from '../../repository/keys.ts'
import { FragmentReader } from '../../repository/threads/fragmentReader.ts'
import type { ChunkLocation } from '../../repository/types.ts'
import type { FromScanner } from './messages.ts'
import { PreviousEntries } from './previousEntries.ts'
import { ScannedPages } from './scannedPages.ts'
import { readStatCache } from './statCache.ts'

export interface ScannerData {
  root: TreeSource
  paranoid: boolean
  /** How many more pages may be sent: one Int32 */
  credits: SharedArrayBuffer
  repository: { directory: string; key: RepositoryKey }
  previous: {
    manifest: Uint8Array
    pages: { ref: Uint8Array; location: ChunkLocation; entryCount: number }[]
  } | null
  statCachePath: string | null
}

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort
const say = (message: FromScanner, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

port.on('message', (data: ScannerData) => {
  try {
    scan(data)
  } catch (error) {
    say({ t: 'failed', failure: failureRecord(error), stack: error instanceof Error ? (error.stack ?? null) : null })
  }
})

function scan(data: ScannerData): void {
  const scanStartNs = BigInt(Date.now()) * 1_000_000n
  const credits = new Int32Array(data.credits)
  const reader = new FragmentReader(data.repository.directory, data.repository.key)
  const previous = openPrevious(data, reader)
  const pages = new ScannedPages({ previous, paranoid: data.paranoid, scanStartNs }, (page) => {
    while (Atomics.load(credits, 0) <= 0) Atomics.wait(credits, 0, Atomics.load(credits, 0), 1000)
    Atomics.sub(credits, 0, 1)
    say(page)
  })
  const exclude = compileExclude(data.root.exclude)
  const walk = walkTree(data.root.roots, exclude, (warning) => say({ t: 'warning', warning }), new Set(data.root.secretPaths))
  for (const entry of walk) pages.add(entry)
  const end = pages.end()
  reader.close()
  say({ t: 'end', ...end })
}

function openPrevious(data: ScannerData, reader: FragmentReader): PreviousEntries | null {
  if (data.previous === null) return null
  const cache = data.statCachePath === null ? null : readStatCache(data.statCachePath, unpackChunkRef(data.previous.manifest))
  const pages = data.previous.pages.map((page) => ({ ...page, ref: unpackChunkRef(page.ref) }))
  return new PreviousEntries(pages, reader, cache)
}
