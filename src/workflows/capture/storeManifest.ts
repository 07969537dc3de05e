import { unpackChunkRef } from '../../repository/chunkRef.ts'
import { buildManifest, encodeManifest, type ManifestFacts } from '../../repository/manifest.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { Manifest, ManifestRef, Repository } from '../../repository/types.ts'
import { isChain, mendChain } from './capturedPages.ts'
import type { Encoders } from './encoders.ts'

/** Stores the root over pages that were stored before, and closes all packs: afterwards everything is durable. */
export async function storeManifest(
  encoders: Encoders,
  repository: Repository,
  facts: ManifestFacts,
  archive: ArchiveForm,
): Promise<{ manifest: Manifest; ref: ManifestRef }> {
  if (!isChain(facts.pages)) {
    await encoders.finish()
    await mendChain(repository, facts.pages, archive)
  }
  const manifest = buildManifest(facts, repository.keys.etag)
  const stored = encoders.submit<'root'>({ kind: 'root', plain: new Uint8Array(encodeManifest(manifest)) })
  const { ref } = await Promise.race([stored, encoders.failed])
  await encoders.finish()
  return { manifest, ref: unpackChunkRef(ref) }
}
