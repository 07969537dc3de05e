import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import { dumpDatabase } from '../../elements/database/dumpDatabase.ts'
import { structureRules } from '../../elements/database/structureOnly.ts'
import { missingUploads } from '../../elements/missingUploads.ts'
import { elementsOf } from '../../elements/trees.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { adminOf } from '../../releases/managed/content.ts'
import { chooseCodec } from '../../repository/codecs/codec.ts'
import { packChunkRef } from '../../repository/chunkRef.ts'
import type { BackupObject, Manifest, ManifestRef, WriteSession } from '../../repository/types.ts'
import type { Environment } from '../../sites/environment.ts'
import { captureStream } from '../capture/captureStream.ts'
import { captureTree, type Captured } from '../capture/captureTree.ts'
import type { House } from '../house.ts'
import { type ManagedCode, managedCode, requireRelease } from '../managed/managedCode.ts'
import { findPrevious, lastWithFiles } from './findPrevious.ts'
import { readConfigOutside } from './configOutside.ts'

interface Wanted {
  elements: Element[]
  paranoid: boolean
}

export type Reading = Pick<BackupObject, 'elements' | 'facts' | 'sealedConfig'> & { momentAt: Date }

/** Code that changed between its two readings is read again, so often at most. */
const codeReadingsMax = 3

/**
 * Reads the wanted elements so that they have one moment: code, then the database's snapshot (its time is the backup's), then
 * files, then code once more, which reads only what changed meanwhile. An uploaded file is on disk before the database names
 * it, so files that are read after the snapshot hold all that it names.
 */
export async function readEnvironment(house: House, environment: Environment, wanted: Wanted, run: Run): Promise<Reading> {
  const session = await house.repository.openSession()
  let own: ManagedCode | null = null
  try {
    if (environment.managed !== null) {
      requireRelease(environment)
      if (wanted.elements.includes('code')) own = await managedCode(house, environment, run)
    }
    return await readThree(house, environment, wanted, own?.tree ?? null, session, run)
  } finally {
    own?.close()
    // chunks stay; the commit pins them anew
    await session.close()
  }
}

async function readThree(
  house: House,
  environment: Environment,
  wanted: Wanted,
  managedTree: TreeSource | null,
  session: WriteSession,
  run: Run,
): Promise<Reading> {
  const found = elementsOf(environment)
  const trees = managedTree === null ? found : { ...found, code: managedTree, configOutside: [] }
  const reader = new Reader(house, environment, wanted.paranoid, session, run)
  const elements: Reading['elements'] = {}
  const secretPaths: Partial<Record<Element, string[]>> = {}
  let momentAt = run.now()
  let rowless: unknown = []
  const code = wanted.elements.includes('code') ? await reader.tree('code', trees.code, '') : null
  if (wanted.elements.includes('database')) {
    const database = await reader.database()
    momentAt = database.momentAt
    rowless = database.manifest.facts['structureOnly'] ?? []
    elements.database = element(database, database.momentAt)
  }
  if (wanted.elements.includes('files')) {
    const startedAt = run.now()
    if (!trees.files.roots.some(({ at }) => at === '')) await reader.filesAreGone()
    const files = await reader.tree('files', trees.files, `files_${environment.name}/`)
    elements.files = element(files, startedAt)
    if (wanted.elements.includes('database')) await missingUploads(environment, run)
  }
  if (code !== null) {
    const { captured, momentAt: codeMoment } = await reader.codeAgain(code, trees.code)
    elements.code = element(captured, codeMoment)
    secretPaths.code = trees.code.secretPaths
  }
  return {
    elements,
    momentAt,
    facts: {
      framework: environment.framework,
      version: environment.version,
      ...(environment.managed === null ? {} : { commit: environment.managed.commit }),
      url: environment.url,
      tablePrefix: environment.tablePrefix,
      secretPaths,
      leftOut: { code: trees.code.exclude, files: trees.files.exclude, database: rowless },
    },
    sealedConfig: wanted.elements.includes('code') ? readConfigOutside(house.repository.keys, trees.configOutside) : null,
  }
}

interface CodeReading extends Captured {
  startedAt: Date
}

class Reader {
  readonly house: House
  readonly environment: Environment
  readonly paranoid: boolean
  readonly session: WriteSession
  readonly run: Run
  #doneBytes = 0

  constructor(house: House, environment: Environment, paranoid: boolean, session: WriteSession, run: Run) {
    this.house = house
    this.environment = environment
    this.paranoid = paranoid
    this.session = session
    this.run = run
  }

  async tree(kind: 'code' | 'files', root: TreeSource, archivePrefix: string, previous?: Captured): Promise<CodeReading> {
    const { repository, cacheDirectory, compression } = this.house
    const startedAt = this.run.now()
    const caches = join(cacheDirectory, this.environment.id)
    mkdirSync(caches, { recursive: true, mode: 0o700 })
    const captured = await captureTree({
      repository,
      session: this.session,
      root,
      element: kind,
      archivePrefix,
      previous: previous ?? (await findPrevious(this.house, this.environment.id, kind)),
      statCachePath: join(caches, kind),
      paranoid: this.paranoid && previous === undefined,
      codec: chooseCodec(compression),
      run: this.#within(kind),
    })
    for (const warning of captured.warnings) this.run.warn(warning)
    this.#doneBytes += captured.manifest.rawBytes
    return { ...captured, startedAt }
  }

  /** A new site has no uploads yet; one that had some is damaged, and its backup is not one to go back to. */
  async filesAreGone(): Promise<void> {
    const before = await lastWithFiles(this.house, this.environment.id)
    if (before === null) return
    const { filesDirectory } = this.environment
    const message = `The files directory "${filesDirectory}" is not there any more: this backup has none of its files, the last one that has is ${before}`
    this.run.warn({ code: 'FILES_GONE', element: 'files', message, path: filesDirectory })
  }

  async codeAgain(first: CodeReading, root: TreeSource): Promise<{ captured: CodeReading; momentAt: Date }> {
    let captured = first
    for (let readings = 1; readings < codeReadingsMax; readings++) {
      const again = await this.tree('code', root, '', captured)
      if (again.unchanged) return { captured, momentAt: again.startedAt }
      captured = again
    }
    this.run.warn({
      code: 'CODE_CHANGING',
      element: 'code',
      message: `Code changed while the backup ran, ${codeReadingsMax} times; it was stored as it was read last`,
      path: null,
    })
    return { captured, momentAt: captured.startedAt }
  }

  async database(): Promise<{ manifest: Manifest; ref: ManifestRef; momentAt: Date }> {
    const { repository, compression } = this.house
    const { managed, database } = this.environment
    const dump = dumpDatabase({
      credentials: managed === null ? database : adminOf((await this.house.managed.open()).mysql, managed.schema),
      structure: structureRules(this.environment),
      run: this.#within('database'),
    })
    const captured = await captureStream({
      repository,
      session: this.session,
      sections: dump,
      element: 'database',
      previous: await findPrevious(this.house, this.environment.id, 'database'),
      codec: chooseCodec(compression),
      run: this.#within('database'),
      facts: () => ({ ...dump.facts() }),
    })
    this.#doneBytes += captured.manifest.rawBytes
    return { ...captured, momentAt: dump.momentAt }
  }

  /** One bar for the three readings: bytes go on counting, the note says which element it is. */
  #within(kind: Element): Run {
    const before = this.#doneBytes
    return {
      ...this.run,
      progress: (change) =>
        this.run.progress({
          ...change,
          note: kind,
          ...(change.doneBytes === undefined ? {} : { doneBytes: before + change.doneBytes }),
          ...(typeof change.totalBytes === 'number' ? { totalBytes: before + change.totalBytes } : {}),
        }),
    }
  }
}

function element(
  { manifest, ref }: { manifest: Manifest; ref: ManifestRef },
  momentAt: Date,
): NonNullable<BackupObject['elements'][Element]> {
  return {
    manifest: packChunkRef(ref).toString('hex'),
    archiveLength: manifest.archiveLength,
    rawBytes: manifest.rawBytes,
    entryCount: manifest.entryCount,
    momentAt: momentAt.toISOString(),
    etag: manifest.etag,
  }
}
