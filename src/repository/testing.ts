// A repository for tests, with a state database of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newUlid } from '../base/ids.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { chunkerName } from './chunker.ts'
import { packChunkRef } from './chunkRef.ts'
import { blobTypes, newRepositoryKey, type RepositoryKey } from './keys.ts'
import { buildManifest, encodeManifest } from './manifest.ts'
import { decodeRecords } from './packs/footer.ts'
import type { PackReceipt } from './packs/packWriter.ts'
import { encodePage, summarizePage } from './page.ts'
import { blobsOf } from './reconcile.ts'
import { createRepository, type DiskRepository } from './repository.ts'
import { ChunkStore } from './threads/chunkStore.ts'
import type { BackupObject, ChunkRef, FinishedPack, Manifest, ManifestRef, StoredEntry, WriteSession } from './types.ts'

export interface TestRepository {
  repository: DiskRepository
  key: RepositoryKey
  state: TestState
  /** A directory for whatever a test needs, removed at the end */
  directory: string
  stop(): Promise<void>
}

export async function startTestRepository(): Promise<TestRepository> {
  const state = await startTestState()
  const directory = mkdtempSync(join(tmpdir(), 'cairn-repository-'))
  const key = newRepositoryKey(newUlid())
  const repository = await createRepository({ directory: join(directory, 'repository'), db: state.db, key, instance: 'test' })
  const stop = async (): Promise<void> => {
    await repository.close()
    await state.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { repository, key, state, directory, stop }
}

/** A backup object of one element. */
export function backupOf(manifest: Manifest, ref: ManifestRef): BackupObject {
  const moment = manifest.madeAt
  const { archiveLength, rawBytes, entryCount, etag } = manifest
  const element = { manifest: packChunkRef(ref).toString('hex'), archiveLength, rawBytes, entryCount, momentAt: moment, etag }
  return {
    version: 1,
    id: newUlid(),
    site: 'demo',
    environment: 'dev',
    environmentId: newUlid(),
    trigger: 'manual',
    actor: { kind: 'system', id: 'test', name: 'test' },
    startedAt: moment,
    momentAt: moment,
    elements: { [manifest.element]: element },
    warnings: [],
    facts: {},
    sealedConfig: null,
    expiresAt: null,
    note: null,
  }
}

export interface Written {
  manifest: Manifest
  ref: ChunkRef
  chunk: ChunkRef
  page: ChunkRef
  packs: FinishedPack[]
}

/** Stores one entry with one chunk, its page and its root, as a capture would; the pack is given, not recorded. */
export async function writeElement(
  repository: DiskRepository,
  body: Buffer,
  more: { level?: number; chunk?: ChunkRef; path?: string } = {},
): Promise<Written> {
  const packs: FinishedPack[] = []
  const { directory, keys, instance } = repository
  const store = new ChunkStore(
    { directory, key: keys.key, instance, codec: { name: 'zlib', level: more.level ?? 6 } },
    () => {},
    (pack) => void packs.push(finished(pack)),
  )
  const put = (type: 1 | 2 | 3, raw: Buffer) => store.put(type, store.idOf(type, raw), raw, false)
  const chunk = more.chunk ?? put(blobTypes.data, body)
  const none = Buffer.alloc(0)
  const entry: StoredEntry = {
    path: Buffer.from(more.path ?? 'a.txt'),
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs: 1n,
    sizeBytes: body.length,
    target: none,
    secret: false,
    linkGroup: 0,
    chunks: [chunk],
  }
  const page = put(blobTypes.page, encodePage([entry]))
  const summary = { ...summarizePage([entry], 0, { prefix: '', form: 'tar' }), ref: page, firstPath: entry.path }
  const manifest = buildManifest(
    {
      element: 'files',
      archivePrefix: '',
      chunker: chunkerName,
      form: 'tar',
      rawBytes: body.length,
      madeAt: new Date().toISOString(),
      pages: [summary],
      facts: {},
    },
    keys.etag,
  )
  const ref = put(blobTypes.root, encodeManifest(manifest))
  await store.finish()
  return { manifest, ref, chunk, page, packs }
}

export async function recordPacks(session: WriteSession, written: Written): Promise<void> {
  for (const pack of written.packs) await session.addPack(pack)
}

function finished(receipt: PackReceipt): FinishedPack {
  return { ...receipt, sha256: Buffer.from(receipt.sha256), blobs: blobsOf(decodeRecords(receipt.records)) }
}
