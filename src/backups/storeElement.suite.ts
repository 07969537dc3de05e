// Stores one small element in a real repository, for tests that need an archive and not a site.
import { basename } from 'node:path'
import { comparePaths } from '../archive/entry.ts'
import { newUlid } from '../base/ids.ts'
import type { Element } from '../contract/words.ts'
import { chunkerName } from '../repository/chunker.ts'
import { packChunkRef } from '../repository/chunkRef.ts'
import { blobTypes } from '../repository/keys.ts'
import { buildManifest, encodeManifest } from '../repository/manifest.ts'
import { decodeRecords } from '../repository/packs/footer.ts'
import type { PackReceipt } from '../repository/packs/packWriter.ts'
import { encodePage, isPageCut, summarizePage } from '../repository/page.ts'
import { blobsOf } from '../repository/reconcile.ts'
import type { DiskRepository } from '../repository/repository.ts'
import { ChunkStore } from '../repository/threads/chunkStore.ts'
import type { BackupObject, Manifest, PageSummary, StoredEntry, WriteSession } from '../repository/types.ts'
import type { Backup } from './catalogue.ts'
import { recordBackup } from './catalogue.ts'

type Bodies = Record<string, Buffer>
const chunkBytes = 64 << 10

/** Commits a backup with these elements; a path that ends with `/` is a directory, of a database each path is a section. */
export async function storeBackup(
  repository: DiskRepository,
  elements: Partial<Record<Element, Bodies>>,
  change: Partial<BackupObject> = {},
): Promise<Backup> {
  const momentAt = change.momentAt ?? '2026-06-01T10:00:00.000Z'
  const session = await repository.openSession()
  const stored: BackupObject['elements'] = {}
  for (const [element, bodies] of Object.entries(elements)) {
    stored[element as Element] = { ...(await storeElement(repository, session, element as Element, bodies)), momentAt }
  }
  const object: BackupObject = {
    version: 1,
    id: newUlid(),
    site: 'shop',
    environment: 'dev',
    environmentId: 'E1',
    trigger: 'manual',
    actor: { kind: 'person', id: 'o@example.org', name: 'O' },
    startedAt: momentAt,
    momentAt,
    elements: stored,
    warnings: [],
    facts: {},
    sealedConfig: null,
    expiresAt: null,
    note: null,
    ...change,
  }
  const rows: Backup[] = []
  await repository.commitBackup(
    session,
    object,
    async (transaction) => void rows.push(await recordBackup(transaction, object, null)),
  )
  return rows[0] as Backup
}

async function storeElement(repository: DiskRepository, session: WriteSession, element: Element, bodies: Bodies) {
  const { directory, keys, instance } = repository
  const receipts: PackReceipt[] = []
  const options = { directory, key: keys.key, instance, codec: { name: 'zlib', level: 6 } as const }
  const store = new ChunkStore(
    options,
    () => {},
    (pack) => void receipts.push(pack),
  )
  const put = (type: Parameters<ChunkStore['put']>[0], raw: Buffer) => store.put(type, store.idOf(type, raw), raw, true)

  const form: Manifest['form'] = element === 'database' ? 'sql' : 'tar'
  const prefix = element === 'files' ? 'files_dev/' : ''
  const names = Object.keys(bodies)
  if (form === 'tar') names.sort((a, b) => comparePaths(Buffer.from(a.replace(/\/$/, '')), Buffer.from(b.replace(/\/$/, ''))))
  const entries = names.map((name): StoredEntry => entryOf(name, bodies[name] as Buffer, (raw) => put(blobTypes.data, raw)))

  const pages: PageSummary[] = []
  for (const group of cutPages(entries)) {
    const page = encodePage(group)
    const summary = summarizePage(group, pages.at(-1)?.padOut ?? 0, { prefix, form })
    pages.push({ ...summary, ref: put(blobTypes.page, page), firstPath: group[0]?.path ?? Buffer.alloc(0) })
  }
  const rawBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  const facts = {
    element,
    archivePrefix: prefix,
    chunker: chunkerName,
    form,
    rawBytes,
    madeAt: '2026-06-01T10:00:03.250Z',
    pages,
    facts: {},
  }
  const manifest = buildManifest(facts, keys.etag)
  const root = put(blobTypes.root, encodeManifest(manifest))
  await store.finish()
  for (const { name, lengthBytes, sha256, records } of receipts) {
    await session.addPack({ name, lengthBytes, sha256: Buffer.from(sha256), blobs: blobsOf(decodeRecords(records)) })
  }
  const { archiveLength, entryCount, etag } = manifest
  return { manifest: packChunkRef(root).toString('hex'), archiveLength, rawBytes, entryCount, etag }
}

function entryOf(name: string, body: Buffer, put: (raw: Buffer) => StoredEntry['chunks'][number]): StoredEntry {
  const isDirectory = name.endsWith('/') || name === ''
  const chunks: StoredEntry['chunks'] = []
  for (let at = 0; at < body.length; at += chunkBytes) chunks.push(put(body.subarray(at, at + chunkBytes)))
  return {
    path: Buffer.from(name.replace(/\/$/, '')),
    kind: isDirectory ? 'directory' : 'file',
    mode: isDirectory ? 0o755 : 0o644,
    uid: 33,
    gid: 33,
    user: 'www-data',
    group: 'www-data',
    mtimeNs: 1_780_000_000_000_000_000n,
    sizeBytes: body.length,
    target: Buffer.alloc(0),
    secret: basename(name) === 'wp-config.php',
    linkGroup: 0,
    chunks,
  }
}

function cutPages(entries: readonly StoredEntry[]): StoredEntry[][] {
  const pages: StoredEntry[][] = [[]]
  for (const entry of entries) {
    pages.at(-1)?.push(entry)
    if (isPageCut(entry.path, pages.at(-1)?.length ?? 0, 0)) pages.push([])
  }
  return pages.filter((page) => page.length > 0)
}
