import { randomBytes } from 'node:crypto'
import { buildManifest, encodeManifest } from '../../src/repository/manifest.ts'
import { encodePage, isPageCut, summarizePage } from '../../src/repository/page.ts'
import { chunkerName } from '../../src/repository/chunker.ts'
import { blobTypes } from '../../src/repository/keys.ts'
import { decodeRecords } from '../../src/repository/packs/footer.ts'
import { blobsOf } from '../../src/repository/reconcile.ts'
import { ChunkStore } from '../../src/repository/threads/chunkStore.ts'
import type { DiskRepository } from '../../src/repository/repository.ts'
import type { ChunkRef, FinishedPack, Manifest, ManifestRef, PageSummary, StoredEntry } from '../../src/repository/types.ts'
import { zlib6 } from './takeBackup.ts'

/**
 * Stores an element of so many entries without reading half a million files: names as of uploads, each with one of 400
 * bodies. Everything else (pages, root, packs, index rows) is as a capture makes it.
 */
export async function storeLargeElement(
  repository: DiskRepository,
  entryCount: number,
): Promise<{ manifest: Manifest; ref: ManifestRef }> {
  const packs: FinishedPack[] = []
  const store = new ChunkStore(
    { directory: repository.directory, key: repository.keys.key, instance: 'bench', codec: zlib6 },
    () => {},
    ({ name, lengthBytes, sha256, records }) =>
      packs.push({ name, lengthBytes, sha256: Buffer.from(sha256), blobs: blobsOf(decodeRecords(records)) }),
  )
  const put = (type: 1 | 2 | 3, raw: Buffer): ChunkRef => store.put(type, store.idOf(type, raw), raw, false)
  const bodies = Array.from({ length: 400 }, (_, n) => put(blobTypes.data, Buffer.from(randomBytes(20 + n * 20).toString('hex'))))
  const archive = { prefix: 'files_dev/', form: 'tar' as const }
  const pages: PageSummary[] = []
  let entries: StoredEntry[] = []
  let rawBytes = 0
  const flush = (): void => {
    const [first] = entries
    if (first === undefined) return
    const ref = put(blobTypes.page, encodePage(entries))
    pages.push({ ref, firstPath: first.path, ...summarizePage(entries, pages.at(-1)?.padOut ?? 0, archive) })
    entries = []
  }
  for (let n = 0; n < entryCount; n++) {
    const body = bodies[(n * 7919) % bodies.length] as ChunkRef
    const entry = uploadEntry(n, body)
    rawBytes += body.rawLen
    entries.push(entry)
    if (isPageCut(entry.path, entries.length, 0)) flush()
  }
  flush()
  const facts = { element: 'files' as const, archivePrefix: archive.prefix, chunker: chunkerName, form: archive.form, facts: {} }
  const manifest = buildManifest({ ...facts, rawBytes, madeAt: new Date().toISOString(), pages }, repository.keys.etag)
  const ref = put(blobTypes.root, encodeManifest(manifest))
  await store.finish()
  const session = await repository.openSession()
  for (const pack of packs) await session.addPack(pack)
  await session.close()
  return { manifest, ref }
}

function uploadEntry(n: number, body: ChunkRef): StoredEntry {
  const month = String(1 + (Math.floor(n / 3400) % 12)).padStart(2, '0')
  const name = `${2000 + Math.floor(n / 40_800)}/${month}/photo-album-${String(n).padStart(7, '0')}-300x200.jpg`
  return {
    path: Buffer.from(`wp-content/uploads/${name}`),
    kind: 'file',
    mode: 0o644,
    uid: 33,
    gid: 33,
    user: 'www-data',
    group: 'www-data',
    mtimeNs: 1_700_000_000_000_000_000n + BigInt(n) * 1000n,
    sizeBytes: body.rawLen,
    target: Buffer.alloc(0),
    secret: false,
    linkGroup: 0,
    chunks: [body],
  }
}
