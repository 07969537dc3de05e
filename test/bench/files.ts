import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { runChild } from '../../src/base/spawn.ts'
import { isalFound } from '../../src/repository/codecs/isal.ts'
import { unpackWordPress, type WordPressVersion } from '../servers/wordpress.ts'
import { seeded } from './data.ts'
import type { BenchHouse } from './house.ts'
import { type Figure, timeOurs, timeShell } from './measure.ts'
import { type Measurement, Rounds } from './measurement.ts'
import type { Outcome } from './table.ts'
import { isal1, type Taken, takeTree, zlib6 } from './takeBackup.ts'

const gzip = 'tar c | gzip -6'
const eventLoopMs = 50
const noIsal = { skipped: 'ISA-L (libisal2 and koffi) was not found' }

const firstBackup: Measurement = {
  rows: [
    { work: 'first backup of the files, zlib 6', peerName: gzip, unit: 's', goal: 0.55 },
    { work: 'first backup of the files, isal', peerName: gzip, unit: 's', goal: 0.35 },
    { work: 'first backup of the files, zlib 6', peerName: 'restic', unit: 's', goal: 0.9 },
    { work: 'first backup of the files, isal', peerName: 'restic', unit: 's', goal: 0.6 },
    { work: 'event-loop delay p99 while a backup runs', peerName: 'limit', unit: 'ms', goal: 1 },
  ],
  async take(house) {
    const tree = await house.tree()
    const restic = new Restic(house)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    const codecs = isalFound() ? { zlib: zlib6, isal: isal1 } : { zlib: zlib6 }
    const ours = Object.fromEntries(
      Object.entries(codecs).map(([name, codec]) => [
        name,
        async (): Promise<Figure> => {
          const repository = await house.newRepository()
          delay.enable()
          const figure = await timeOurs([house.stateServer.pid], () => takeTree({ repository, tree, codec }))
          delay.disable()
          return figure
        },
      ]),
    )
    for (const warm of Object.values(ours)) await warm()
    delay.reset()
    const rounds = new Rounds()
    await rounds.play(house.rounds.short, {
      gzip: () => timeShell(`tar c -C ${tree} . | gzip -6 >${house.work}/site.tgz`),
      restic: async () => {
        await restic.init()
        return restic.backup(tree)
      },
      ...ours,
    })
    const isal = (peer: string): Outcome => (rounds.has('isal') ? rounds.compare('isal', peer) : noIsal)
    return [
      rounds.compare('zlib', 'gzip'),
      isal('gzip'),
      rounds.compare('zlib', 'restic'),
      isal('restic'),
      { ours: delay.percentile(99) / 1e6, peer: eventLoopMs },
    ]
  },
}

const nextBackup: Measurement = {
  rows: [
    { work: 'next backup, nothing changed', peerName: 'restic', unit: 's', goal: 0.3 },
    { work: 'next backup, 1 % of the files changed', peerName: 'restic', unit: 's', goal: 0.4 },
    { work: 'next backup, every mtime touched', peerName: 'restic', unit: 's', goal: 0.5 },
  ],
  async take(house) {
    const tree = house.path('next')
    await runChild('cp', ['-a', await house.tree(), tree])
    const files = (await runChild('find', [tree, '-type', 'f'])).stdout.trim().split('\n')
    const repository = await house.newRepository()
    const restic = new Restic(house)
    await restic.init()
    let previous: Taken | undefined
    const ours = async (): Promise<void> => {
      const earlier = previous === undefined ? {} : { previous }
      previous = await takeTree({ repository, tree, codec: zlib6, statCachePath: join(house.work, 'stat'), ...earlier })
    }
    const chance = seeded(1)
    const changes: Record<string, () => Promise<void>> = {
      nothing: async () => {},
      some: async () => {
        for (let n = files.length / 100; n > 0; n--) {
          appendFileSync(files[Math.floor(chance() * files.length)] ?? '', `// ${chance()}\n`)
        }
      },
      touched: async () => void (await runChild('find', [tree, '-exec', 'touch', '{}', '+'])),
    }
    const rounds = new Rounds()
    for (let round = 0; round <= house.rounds.short; round++) {
      for (const [name, change] of Object.entries(changes)) {
        await change()
        await sleep(trustMs)
        const timed = {
          [name]: () => timeOurs([house.stateServer.pid], ours),
          [`${name} restic`]: () => restic.backup(tree),
        }
        // the first round is the first backup of both, and warms
        await (round === 0 ? new Rounds() : rounds).play(1, round % 2 === 0 ? timed : reversed(timed))
      }
    }
    return Object.keys(changes).map((name) => rounds.compare(name, `${name} restic`))
  },
}

/** Both believe the times of a file only when it has been left alone for a while: what a site does between two backups. */
const trustMs = 2500

const versionsStored: Measurement = {
  rows: [
    { work: 'all WordPress versions stored, index counted, zlib 6', peerName: "restic's size", unit: 'MB', goal: 1 },
    { work: 'all WordPress versions stored, index counted, isal', peerName: "restic's size", unit: 'MB', goal: 1.1 },
  ],
  async take(house) {
    const all: WordPressVersion[] = ['6.2', '6.3', '6.4', '6.5', '6.6', '6.7']
    const versions = house.quick ? all.slice(0, 2) : all
    const directory = house.path('versions')
    mkdirSync(directory)
    const trees = versions.map((version) => join(directory, version))
    for (const [index, version] of versions.entries()) await unpackWordPress(version, trees[index] ?? '')
    const restic = new Restic(house)
    await restic.init()
    for (const tree of trees) await restic.backup(tree)
    const peer = treeBytes(restic.directory) / 1e6
    const ours = async (codec: typeof zlib6): Promise<Outcome> => {
      const repository = await house.newRepository()
      for (const tree of trees) await takeTree({ repository, tree, codec, element: 'code' })
      const { rows } = await sql<{ bytes: string }>`
        select (pg_total_relation_size('chunk') + pg_total_relation_size('pack'))::text as bytes`.execute(house.state.db)
      const reserve = statSync(join(repository.directory, 'space-reserve'), { throwIfNoEntry: false })?.size ?? 0
      return { ours: (treeBytes(repository.directory) - reserve + Number(rows[0]?.bytes)) / 1e6, peer }
    }
    const outcomes = [await ours(zlib6), isalFound() ? await ours(isal1) : noIsal]
    rmSync(directory, { recursive: true })
    return outcomes
  },
}

export const files: readonly Measurement[] = [firstBackup, nextBackup, versionsStored]

/** The peer of the encrypted class, with a repository and a cache of its own in the work directory. */
export class Restic {
  readonly directory: string
  readonly env: Record<string, string>

  constructor(house: BenchHouse) {
    this.directory = house.path('restic')
    this.env = { RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: `${this.directory}-cache`, RESTIC_REPOSITORY: this.directory }
  }

  /** An empty one in place of what is there */
  async init(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true })
    rmSync(`${this.directory}-cache`, { recursive: true, force: true })
    await timeShell('restic init -q', this.env)
  }

  backup(tree: string): Promise<Figure> {
    return timeShell(`restic backup -q ${tree}`, this.env)
  }
}

function reversed<T>(things: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(things).toReversed())
}

/** Lengths of all files; directories count for nothing on either side. */
function treeBytes(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}
