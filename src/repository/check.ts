import { statSync } from 'node:fs'
import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import type { StateTables } from '../state/tables.ts'
import { packPath } from './backends/layout.ts'
import { unpackChunkRef } from './chunkRef.ts'
import { batchMax, findLocations } from './index/find.ts'
import { decodePage } from './page.ts'
import { verifyPack } from './packs/verifyPack.ts'
import { listPacks } from './reconcile.ts'
import type { CheckProblem, CheckReport, ChunkRef, Repository } from './types.ts'

interface CheckOptions {
  readData: boolean
  onProgress?: (doneBytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/**
 * Structure always: every backup opens, every manifest and page reads, every chunk resolves to a pack of the recorded
 * length. With `readData` each pack is read as well: its hash, every seal, MAC, CRC and id.
 */
export async function check(repository: Repository, db: Kysely<StateTables>, options: CheckOptions): Promise<CheckReport> {
  const report: CheckReport = {
    ok: true,
    readData: options.readData,
    backups: 0,
    packs: 0,
    chunks: 0,
    bytesRead: 0,
    problems: [],
  }
  const bad = new Map<string, CheckProblem>()
  const note = (problem: CheckProblem): void => void (report.problems.length < problemsMax && report.problems.push(problem))

  await checkPacks(repository, db, options, report, bad)
  const seen = new Set<string>()
  for (const id of await repository.listBackupObjects()) {
    if (options.signal?.aborted) throw new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the check was cancelled')
    report.backups += 1
    await checkBackup(repository, db, id, report, bad, seen, note)
  }
  for (const problem of bad.values()) note(problem)
  report.ok = report.problems.length === 0
  return report
}

const problemsMax = 1000

/** Fills `bad`: pack name to what is wrong with it. */
async function checkPacks(
  repository: Repository,
  db: Kysely<StateTables>,
  options: CheckOptions,
  report: CheckReport,
  bad: Map<string, CheckProblem>,
): Promise<void> {
  const rows = await db
    .selectFrom('pack')
    .select(['name', 'state', 'length_bytes', 'sha256'])
    .where('state', '!=', 'deleted')
    .execute()
  const total = rows.reduce((sum, row) => sum + row.length_bytes, 0)
  const onDisk = new Set(listPacks(repository.directory))
  for (const row of rows) {
    report.packs += 1
    if (!onDisk.delete(row.name)) {
      // a pack that nothing refers to may be missing: only its chunks, met below, make it a problem
      continue
    }
    const size = statSync(packPath(repository.directory, row.name)).size
    if (size !== row.length_bytes) {
      bad.set(row.name, packProblem(row.name, `it has ${size} bytes instead of ${row.length_bytes}`))
    } else if (options.readData) {
      if (options.signal?.aborted) throw new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the check was cancelled')
      const found = await verifyPack(repository, row.name, row.sha256)
      if (found !== null) bad.set(row.name, packProblem(row.name, found))
      report.bytesRead += size
      options.onProgress?.(report.bytesRead, total)
    }
  }
  for (const name of onDisk) bad.set(name, packProblem(name, 'the index does not know it; a restart of the server adopts it'))
}

async function checkBackup(
  repository: Repository,
  db: Kysely<StateTables>,
  id: string,
  report: CheckReport,
  bad: Map<string, CheckProblem>,
  seen: Set<string>,
  note: (problem: CheckProblem) => void,
): Promise<void> {
  const failed = (error: unknown): void => {
    if (!(error instanceof Failure)) throw error
    note({ code: 'MANIFEST_DAMAGED', message: `Cannot read backup "${id}": ${error.message}`, backups: [id] })
  }
  const resolve = async (refs: readonly ChunkRef[]): Promise<void> => {
    for (let from = 0; from < refs.length; from += batchMax) {
      const batch = refs.slice(from, from + batchMax)
      const places = await findLocations(db, batch)
      places.forEach((place, index) => {
        report.chunks += 1
        if (place === null) {
          const name = batch[index]?.id.toString('hex', 0, 6)
          note({ code: 'CHUNK_MISSING', message: `Cannot find chunk ${name}: no pack holds it`, backups: [id] })
          return
        }
        const problem = bad.get(place.pack)
        if (problem !== undefined && !problem.backups.includes(id)) problem.backups.push(id)
      })
    }
  }
  try {
    const object = await repository.readBackupObject(id)
    for (const element of Object.values(object.elements)) {
      const root = unpackChunkRef(Buffer.from(element.manifest, 'hex'))
      const manifest = await repository.loadManifest(root)
      await resolve([root, ...manifest.pages.map((page) => page.ref)])
      for (const page of manifest.pages) {
        // backups share most of their pages: each is read once, its chunks are those of every backup that names it
        const key = page.ref.id.toString('latin1')
        if (seen.has(key) && bad.size === 0) continue
        seen.add(key)
        try {
          await resolve(decodePage(await repository.readChunk(page.ref)).flatMap((entry) => entry.chunks))
        } catch (error) {
          failed(error)
        }
      }
    }
  } catch (error) {
    failed(error)
  }
}

function packProblem(name: string, found: string): CheckProblem {
  return { code: 'REPOSITORY_DAMAGED', message: `Cannot trust pack "${name}": ${found}`, backups: [] }
}
