import type { Run } from '../../base/run.ts'
import { openKnownContent } from '../restore/knownContent.ts'
import { openFileThreads } from '../restore/writeFiles.ts'
import { dumpFactsOf, readDump } from '../restore/manifests.ts'
import type { Framework } from '../../contract/words.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { calmClone } from '../../releases/managed/calmClone.ts'
import { type LoadTarget, loadContent } from '../../releases/managed/content.ts'
import { filesPath } from '../../releases/managed/layout.ts'
import { layTree } from '../../releases/managed/layTree.ts'
import type { KnownOfSite } from '../../releases/managed/readCode.ts'
import { entriesOf, openArchive } from '../../repository/archiveOut.ts'
import type { Manifest } from '../../repository/types.ts'
import type { House } from '../house.ts'
import { findPrefix, isWordpress, moveAddresses } from './moveAddresses.ts'
import type { Ground } from './putRelease.ts'
import { settleUploadPath } from './uploadPath.ts'

/**
 * Lays the files of a manifest; what the current release has already is copied from there. Files that have not changed since
 * its last backup, the safety backup of a moment ago, need not be read for that.
 */
export function filesFrom(
  house: House,
  { place, current }: Ground,
  manifest: Manifest,
  run: Run,
): (directory: string) => Promise<boolean> {
  return async (to) => {
    const threads = openFileThreads(house.repository, { startsNow: true })
    const known = current === null ? null : await openKnownContent(house, place.id, 'files')
    try {
      await layTree({
        to,
        from: current === null ? null : filesPath(place, current.filesId),
        want: entriesOf(house.repository, manifest),
        known: (wanted) => known?.find(wanted) ?? null,
        sameContent: (wanted, file) => threads.isSame(wanted, file.full),
        copy: (copies) => threads.copy(copies),
        fetch: (jobs) => threads.write(jobs),
        owner: place,
        run,
      })
      return true
    } finally {
      known?.close()
      await threads.close()
    }
  }
}

export interface DumpSource {
  dump(): AsyncIterable<Buffer>
  /** What our own dump says of itself; null for one from elsewhere */
  wanted: DumpFacts | null
}

export function dumpFrom(house: House, manifest: Manifest, run: Run): DumpSource {
  return { dump: () => readDump(openArchive(house.repository, manifest), run), wanted: dumpFactsOf(manifest) }
}

export interface LoadingOptions {
  /** Not asked for before the dump is loaded */
  framework: Framework | Promise<Framework>
  /** What is known of the tables; null finds it out */
  tablePrefix: string | null
  /** Gets what the tables say of it, before the code is configured */
  site?: KnownOfSite
  /** The address of where the content comes from; null leaves addresses alone */
  address: { from: string | null; to: string } | null
  /** Content of somewhere else on an environment that is not live */
  calm: boolean
  /** Told what was done, in sentences */
  say(sentence: string): void
  run: Run
}

/** Loads a dump, then makes of it what belongs here: its addresses, and nothing that goes on by itself. */
export function databaseFrom(source: DumpSource, options: LoadingOptions): (target: LoadTarget) => Promise<void> {
  return async (target) => {
    const { address, calm, say, run } = options
    const { credentials } = target
    await loadContent(target, source.dump(), { wanted: source.wanted, requireTrailer: source.wanted !== null, run })
    const framework = await options.framework
    const tablePrefix = options.tablePrefix ?? (await findPrefix(credentials, framework))
    if (options.site !== undefined) {
      const filesAt = isWordpress(framework) ? await settleUploadPath({ credentials, tablePrefix, say }) : null
      Object.assign(options.site, { tablePrefix, filesAt })
    }
    if (address !== null) {
      run.progress({ note: 'addresses' })
      for (const sentence of await moveAddresses({ credentials, framework, tablePrefix, ...address, run })) say(sentence)
    }
    if (!calm) return
    run.progress({ note: 'making the clone safe' })
    for (const sentence of await calmClone({ framework, tablePrefix, credentials })) say(sentence)
  }
}
