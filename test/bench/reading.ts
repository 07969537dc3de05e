import { appendFileSync, mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildApi } from '../../src/api/buildApi.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { createLink } from '../../src/backups/links.ts'
import { removeTree } from '../../src/base/files.ts'
import { quietRun } from '../../src/base/run.ts'
import { runChild } from '../../src/base/spawn.ts'
import { playForward } from '../../src/releases/apply/play.ts'
import { prepareApply } from '../../src/releases/apply/prepare.ts'
import { newWorkName } from '../../src/releases/apply/work.ts'
import { entriesOf } from '../../src/repository/archiveOut.ts'
import { packChunkRef } from '../../src/repository/chunkRef.ts'
import type { DiskRepository } from '../../src/repository/repository.ts'
import type { Manifest } from '../../src/repository/types.ts'
import { proveArchive } from '../../src/workflows/backup/prove.ts'
import { type KnownContent, knownFrom } from '../../src/workflows/restore/knownContent.ts'
import { openFileThreads } from '../../src/workflows/restore/writeFiles.ts'
import { runFresh } from './children.ts'
import { seeded } from './data.ts'
import { Restic } from './files.ts'
import type { BenchHouse } from './house.ts'
import { storeLargeElement } from './largeElement.ts'
import { type Figure, median, settle, timeOurs, timeShell } from './measure.ts'
import { type Measurement, Rounds } from './measurement.ts'
import { benchActor, takeTree, zlib6 } from './takeBackup.ts'

const archiveOut: Measurement = {
  rows: [
    { work: 'whole archive out over HTTP', peerName: 'restic dump --archive tar | gzip -6', unit: 's', goal: 0.07 },
    { work: 'proving the backup (no goal was set)', peerName: 'restic check --read-data', unit: 's', goal: 1 },
  ],
  async take(house) {
    const tree = await house.tree()
    const repository = await house.newRepository()
    const { object, manifest } = await takeTree({ repository, tree, codec: zlib6 })
    const restic = new Restic(house)
    await restic.init()
    await restic.backup(tree)
    const { url, close } = await serve(house, repository, object.id)
    const servers = [house.stateServer.pid]
    try {
      const curl = `curl -sf -o /dev/null ${url}`
      await timeShell(`test "$(curl -sf ${url} | wc -c)" = ${manifest.archiveLength}`)
      const rounds = new Rounds()
      await rounds.play(house.rounds.short, {
        // the client's share of the CPU is counted as ours
        http: () => timeOurs(servers, () => timeShell(curl)),
        dump: () => timeShell(`restic dump --archive tar latest ${tree} | gzip -6 >/dev/null`, restic.env),
        proof: () => timeOurs(servers, () => proveArchive(repository, manifest, quietRun())),
        check: () => timeShell('restic check -q --read-data', restic.env),
      })
      return [rounds.compare('http', 'dump'), rounds.compare('proof', 'check')]
    } finally {
      await close()
    }
  },
}

const restore: Measurement = {
  rows: [
    { work: 'files written into nothing', peerName: 'tar xzf', unit: 's', goal: 0.9 },
    { work: 'files written into nothing, both synced (no goal was set)', peerName: 'tar xzf, sync -f', unit: 's', goal: 0.9 },
    { work: 'apply with 1 % of the files changed', peerName: 'tar xzf', unit: 's', goal: 0.15 },
  ],
  async take(house) {
    const tree = await house.tree()
    await timeShell(`tar c -C ${tree} . | gzip -6 >${house.work}/restore.tgz`)
    const repository = await house.newRepository()
    const { manifest } = await takeTree({ repository, tree, codec: zlib6 })
    const standing = house.path('standing')
    await runChild('cp', ['-a', tree, standing])
    const chance = seeded(3)
    const statCachePath = join(house.work, 'known')
    const ours = async (target: string, syncs: boolean, known: KnownContent | null = null): Promise<Figure> => {
      await settle()
      return timeOurs([house.stateServer.pid], () => applyTree(repository, manifest, target, syncs, known))
    }
    const intoNothing = (syncs: boolean) => async (): Promise<Figure> => {
      const target = emptyDirectory(house)
      const figure = await ours(target, syncs)
      await runChild('diff', ['-r', '--no-dereference', '--exclude=.cairn-*', tree, target])
      removeTree(target, house.work)
      return figure
    }
    const tar = (then: string) => async (): Promise<Figure> => {
      const target = emptyDirectory(house)
      await settle()
      const figure = await timeShell(`tar xzf ${house.work}/restore.tgz -C ${target} ${then && `&& ${then} ${target}`}`)
      removeTree(target, house.work)
      return figure
    }
    await intoNothing(true)()
    const rounds = new Rounds()
    await rounds.play(house.rounds.short, {
      written: intoNothing(false),
      tar: tar(''),
      synced: intoNothing(true),
      'tar synced': tar('sync -f'),
      changed: async () => {
        const found = await runChild('find', [standing, '-name', '.cairn-*', '-prune', '-o', '-type', 'f', '-print'])
        // a restore begins with a safety backup, and knows from it what the tree holds: that of a moment ago stands for it
        await sleep(trustMs)
        const last = await takeTree({ repository, tree: standing, codec: zlib6, statCachePath })
        changeSome(chance, found.stdout.trim().split('\n'))
        const known = await knownFrom(repository, last, statCachePath)
        return ours(standing, true, known).finally(() => known?.close())
      },
    })
    await runChild('diff', ['-r', '--no-dereference', '--exclude=.cairn-*', tree, standing])
    return [rounds.compare('written', 'tar'), rounds.compare('synced', 'tar synced'), rounds.compare('changed', 'tar')]
  },
}

const oneByte: Measurement = {
  rows: [
    { work: 'one byte out of an element of 500,000 entries, first time', peerName: 'limit', unit: 'ms', goal: 1 },
    { work: 'memory for it', peerName: 'limit', unit: 'MB', goal: 1 },
  ],
  async take(house) {
    const repository = await house.newRepository()
    house.say('storing a large element')
    const { manifest, ref } = await storeLargeElement(repository, house.quick ? 20_000 : 500_000)
    const times: number[] = []
    const sizes: number[] = []
    for (const part of [0.5, 0.9, 0.1, 0.77, 0.001]) {
      const read = { manifest: packChunkRef(ref).toString('hex'), at: Math.floor(manifest.archiveLength * part) }
      const { ms, megabytes } = await runFresh<{ ms: number; megabytes: number }>(house, repository, 'oneByte.child', { read })
      times.push(ms)
      sizes.push(megabytes)
    }
    return [
      { ours: median(times), peer: 50 },
      { ours: median(sizes), peer: 20 },
    ]
  },
}

export const reading: readonly Measurement[] = [archiveOut, restore, oneByte]

/** The real interface on a loopback port, with one link; what downloads do not need is not there. */
async function serve(
  house: BenchHouse,
  repository: DiskRepository,
  backup: string,
): Promise<{ url: string; close(): Promise<void> }> {
  const store = { db: house.state.db, repository }
  const absent = new Proxy(
    {},
    { get: (_, name) => () => Promise.reject(new Error(`"${String(name)}" is not part of the bench`)) },
  )
  const deps = { version: 'bench', instance: 'bench', publicUrl: () => '', trustProxy: false, log: null, store } as const
  const app = await buildApi({
    ...deps,
    sites: absent as ApiDeps['sites'],
    journeys: absent as ApiDeps['journeys'],
    queue: Object.assign(Object.create(absent) as ApiDeps['queue'], { onChange: () => () => {} }),
    settings: absent as ApiDeps['settings'],
    key: absent as ApiDeps['key'],
    uploads: absent as ApiDeps['uploads'],
    git: absent as ApiDeps['git'],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { link, token } = await createLink(store, { backup, element: 'files', actor: benchActor })
  const { port } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/download/${token}/${link.file_name}`, close: () => app.close() }
}

/** The tree part of a restore: compare, stage, verify, write the plan, move. */
async function applyTree(
  repository: DiskRepository,
  manifest: Manifest,
  target: string,
  syncs: boolean,
  known: KnownContent | null,
): Promise<void> {
  const threads = openFileThreads(repository)
  const sync = syncs ? {} : { syncDisk: async () => {} }
  try {
    const { home } = await prepareApply({
      parts: [
        {
          roots: [{ directory: target, at: '' }],
          want() {
            known?.rewind()
            return entriesOf(repository, manifest)
          },
          keep: () => false,
          sameContent: async (wanted, current) => known?.isSame(wanted, current) ?? threads.isSame(wanted, current.full),
          fetch: (jobs) => threads.write(jobs),
        },
      ],
      workName: newWorkName(),
      run: quietRun(),
      ...sync,
    })
    await playForward(home, sync)
  } finally {
    await threads.close()
  }
}

/** A ctime within 2 s of the scan is not trusted. */
const trustMs = 2_500

function emptyDirectory(house: BenchHouse): string {
  const directory = house.path('restored')
  mkdirSync(directory)
  return directory
}

/** Every hundredth file, by chance. */
function changeSome(chance: () => number, files: readonly string[]): void {
  for (let n = files.length / 100; n > 0; n--) {
    appendFileSync(files[Math.floor(chance() * files.length)] ?? '', `// ${chance()}\n`)
  }
}
