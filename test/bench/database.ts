import { join } from 'node:path'
import { quietRun } from '../../src/base/run.ts'
import { loadDump } from '../../src/elements/database/loadDump.ts'
import { openArchive } from '../../src/repository/archiveOut.ts'
import { isalFound } from '../../src/repository/codecs/isal.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { readDump } from '../../src/workflows/restore/manifests.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'
import { makeDatabase } from './data.ts'
import type { BenchHouse } from './house.ts'
import { type Figure, timeOurs, timeShell } from './measure.ts'
import { type Measurement, Rounds } from './measurement.ts'
import { isal1, takeDatabase, zlib6 } from './takeBackup.ts'

const dumpGzip = 'mariadb-dump | gzip -6'

/** One server and one database for all rows: making them takes longer than measuring. */
const all: Measurement = {
  rows: [
    { work: 'database first, zlib 6', peerName: dumpGzip, unit: 's', goal: 0.55 },
    { work: 'database first, isal', peerName: dumpGzip, unit: 's', goal: 0.4 },
    { work: 'database, 300 rows changed', peerName: dumpGzip, unit: 's', goal: 0.35 },
    { work: 'database load', peerName: 'zcat | mariadb', unit: 's', goal: 1 },
  ],
  async take(house) {
    const mariadb = await startMariadb(join(house.work, 'mariadb'))
    try {
      house.say('making a database')
      await makeDatabase(mariadb, 'bench', house.quick ? 10 : 100)
      const rounds = new Rounds()
      await backups(house, mariadb, rounds)
      await loads(house, mariadb, rounds)
      return [
        rounds.compare('zlib', 'dump'),
        rounds.has('isal') ? rounds.compare('isal', 'dump') : { skipped: 'ISA-L (libisal2 and koffi) was not found' },
        rounds.compare('changed', 'dump'),
        rounds.compare('load', 'load peer'),
      ]
    } finally {
      await mariadb.stop()
    }
  },
}

export const database: readonly Measurement[] = [all]

async function backups(house: BenchHouse, mariadb: TestMariadb, rounds: Rounds): Promise<void> {
  const credentials = rootOf(mariadb, 'bench')
  const servers = [house.stateServer.pid]
  const first = (codec: typeof zlib6) => async (): Promise<Figure> => {
    const repository = await house.newRepository()
    return timeOurs(servers, () => takeDatabase({ repository, codec, credentials }))
  }
  const changed = async (): Promise<Figure> => {
    const repository = await house.newRepository()
    const before = await takeDatabase({ repository, codec: zlib6, credentials })
    await mariadb.admin(`UPDATE wp_posts SET post_title = CONCAT('changed ', RAND()) ORDER BY RAND() LIMIT 300`, 'bench')
    return timeOurs(servers, () => takeDatabase({ repository, codec: zlib6, credentials, previous: before }))
  }
  await first(zlib6)()
  if (isalFound()) await first(isal1)()
  await rounds.play(house.rounds.long, {
    dump: () =>
      timeShell(`mariadb-dump --no-defaults -uroot --socket=${mariadb.socket} bench | gzip -6 >${house.work}/bench.sql.gz`),
    zlib: first(zlib6),
    ...(isalFound() ? { isal: first(isal1) } : {}),
    changed,
  })
}

/** From the archive, as a restore does it, into an empty schema. */
async function loads(house: BenchHouse, mariadb: TestMariadb, rounds: Rounds): Promise<void> {
  const repository = await house.newRepository()
  const { manifest } = await takeDatabase({ repository, codec: zlib6, credentials: rootOf(mariadb, 'bench') })
  const emptied = (): Promise<string> => mariadb.admin('CREATE OR REPLACE DATABASE loaded CHARACTER SET utf8mb4')
  await rounds.play(house.rounds.long, {
    load: async () => {
      await emptied()
      const run = quietRun()
      const dump = readDump(openArchive(repository, manifest), run)
      return timeOurs([house.stateServer.pid], () => loadDump(rootOf(mariadb, 'loaded'), dump, { run }))
    },
    'load peer': async () => {
      await emptied()
      return timeShell(`zcat ${house.work}/bench.sql.gz | mariadb --no-defaults -uroot --socket=${mariadb.socket} loaded`)
    },
  })
}

function rootOf(mariadb: TestMariadb, name: string): DatabaseCredentials {
  return { host: null, port: null, socket: mariadb.socket, user: 'root', password: '', database: name }
}
