import { appendFileSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTree } from '../../src/base/files.ts'
import { quietRun } from '../../src/base/run.ts'
import { runChild } from '../../src/base/spawn.ts'
import { syncDisk } from '../../src/releases/apply/journal.ts'
import { layTree } from '../../src/releases/managed/layTree.ts'
import { settleTree } from '../../src/releases/managed/settleTree.ts'
import { entriesOf } from '../../src/repository/archiveOut.ts'
import type { DiskRepository } from '../../src/repository/repository.ts'
import type { Manifest } from '../../src/repository/types.ts'
import { type KnownContent, knownFrom } from '../../src/workflows/restore/knownContent.ts'
import { openFileThreads } from '../../src/workflows/restore/writeFiles.ts'
import { seeded } from './data.ts'
import type { BenchHouse } from './house.ts'
import { importer } from './importer.ts'
import { type Figure, settle, timeOurs } from './measure.ts'
import { type Measurement, Rounds } from './measurement.ts'
import { mountReflinks } from './reflinks.ts'
import type { Outcome } from './table.ts'
import { takeTree, zlib6 } from './takeBackup.ts'

const intoNothing = 'the same into nothing'

const changedFiles: Measurement = {
  rows: [{ work: 'files of a new release, 1 % changed', peerName: intoNothing, unit: 's', goal: 0.7 }],
  take: async (house) => [await compareReleases(house, await house.uploads(), house.work)],
}

const reflinked: Measurement = {
  rows: [
    { work: 'files of a new release, 1 % changed, XFS with reflinks', peerName: intoNothing, unit: 's', goal: 0.2 },
    { work: 'photos of a new release, 1 % changed, XFS with reflinks', peerName: intoNothing, unit: 's', goal: 0.2 },
  ],
  async take(house) {
    const disk = await mountReflinks(house)
    try {
      // 49 and 475 KB a file: a reflink costs the same for both
      const small = await compareReleases(house, await house.uploads(), disk.directory)
      return [small, await compareReleases(house, await house.photos(), disk.directory)]
    } finally {
      await disk.close()
    }
  },
}

export const managed: readonly Measurement[] = [changedFiles, reflinked, importer]

/** Lays a tree out of one backup, by turns with nothing to take them from and with the current release's, of which 1 % has changed. */
async function compareReleases(house: BenchHouse, tree: string, disk: string): Promise<Outcome> {
  const directory = mkdtempSync(join(disk, 'releases-'))
  const repository = await house.newRepository()
  const { manifest } = await takeTree({ repository, tree, codec: zlib6 })
  const chance = seeded(5)
  const statCachePath = `${directory}-known`
  let count = 0
  const lay = async (from: string | null, known: KnownContent | null): Promise<{ to: string; figure: Figure }> => {
    const to = join(directory, `files-${++count}`)
    mkdirSync(to, { mode: 0o700 })
    await settle()
    const figure = await timeOurs([house.stateServer.pid], () => layFiles(repository, manifest, to, from, known))
    await runChild('diff', ['-r', '--no-dereference', '--exclude=private', tree, to])
    return { to, figure }
  }
  let { to: current } = await lay(null, null) // warms
  const rounds = new Rounds()
  await rounds.play(house.rounds.short, {
    nothing: async () => {
      const { to, figure } = await lay(null, null)
      removeTree(to, directory)
      return figure
    },
    changed: async () => {
      const { stdout } = await runChild('find', [current, '-type', 'f'])
      const files = stdout.trim().split('\n')
      for (let n = files.length / 100; n > 0; n--) {
        appendFileSync(files[Math.floor(chance() * files.length)] ?? '', `// ${chance()}\n`)
      }
      // a restore begins with a safety backup, and knows from it what stands there
      await sleep(trustMs)
      const last = await takeTree({ repository, tree: current, codec: zlib6, statCachePath })
      const known = await knownFrom(repository, last, statCachePath)
      const { to, figure } = await lay(current, known).finally(() => known?.close())
      removeTree(current, directory)
      current = to
      return figure
    },
  })
  return rounds.compare('changed', 'nothing')
}

/** A ctime within 2 s of the scan is not trusted. */
const trustMs = 2_500

/** The files part of preparing a release, as workflows/managed and releases/managed do it, until it is durable. */
async function layFiles(
  repository: DiskRepository,
  manifest: Manifest,
  to: string,
  from: string | null,
  known: KnownContent | null,
): Promise<void> {
  const threads = openFileThreads(repository, { startsNow: true })
  const owner =
    process.geteuid?.() === 0
      ? { uid: 34_000_000, gid: 34_000_000 }
      : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  try {
    await layTree({
      ...{ to, from, owner, run: quietRun() },
      want: entriesOf(repository, manifest),
      known: (wanted) => known?.find(wanted) ?? null,
      sameContent: (wanted, current) => threads.isSame(wanted, current.full),
      copy: (copies) => threads.copy(copies),
      fetch: (jobs) => threads.write(jobs),
    })
  } finally {
    await threads.close()
  }
  mkdirSync(join(to, 'private'), { recursive: true })
  await settleTree(to, owner, ['private'])
  await syncDisk(to)
}
