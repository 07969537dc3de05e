// A repository for tests, with a state database of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newUlid } from '../base/ids.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { packChunkRef } from './chunkRef.ts'
import { newRepositoryKey, type RepositoryKey } from './keys.ts'
import { createRepository, type DiskRepository } from './repository.ts'
import type { BackupObject, Manifest, ManifestRef } from './types.ts'

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
