import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../src/cli/client.ts'
import type { Given } from '../../src/contract/managedSchemas.ts'
import type { Started, WorkflowView } from '../../src/contract/workSchemas.ts'
import { removeTree } from '../../src/base/files.ts'
import { runChild } from '../../src/base/spawn.ts'
import { threadFile } from '../../src/base/threads.ts'
import { prepareCairn } from '../load/cairn.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'
import { installWordPress } from '../servers/wordpress.ts'
import { makeDatabase, makeUploads } from './data.ts'
import type { BenchHouse } from './house.ts'
import { type Figure, settle, timeOurs, timeShell } from './measure.ts'
import { type Measurement, Rounds } from './measurement.ts'

interface Archives {
  code: string
  files: string
  database: string
}

/** A whole server, its own PostgreSQL, and one MariaDB for both: from archives that lie there to a site that runs. */
export const importer: Measurement = {
  rows: [
    {
      work: 'the Importer, 100 MB of archives, to a running site',
      peerName: 'tar xzf, zcat | mariadb by hand',
      unit: 's',
      goal: 2,
    },
  ],
  async take(house) {
    const mariadb = await startMariadb(join(house.work, 'importer-mariadb'))
    const password = randomBytes(12).toString('hex')
    await mariadb.admin(
      `CREATE USER bench@127.0.0.1 IDENTIFIED BY '${password}'; GRANT ALL ON *.* TO bench@127.0.0.1 WITH GRANT OPTION`,
    )
    const data = join(house.work, 'importer')
    const settings = {
      CAIRN_GATEWAY_LISTEN: '127.0.0.1:0',
      CAIRN_MYSQL_URL: `mysql://bench:${password}@127.0.0.1:${mariadb.port}/`,
    }
    const [asServer = '', serverChild = ''] = ['asServer', 'server.child'].map((name) =>
      fileURLToPath(threadFile(import.meta.url, name)),
    )
    // of its own: what a bench holds in memory makes each start of a program slow
    const server = await prepareCairn(data, settings, ['--import', asServer, serverChild])
    await server.start()
    try {
      const archives = await makeArchives(house, mariadb)
      const { client } = server
      let count = 0
      const ours = async (): Promise<Figure> => {
        const site = `import-${++count}`
        const given: Record<string, Given> = {}
        for (const [name, path] of Object.entries(archives)) given[name] = await upload(client, path)
        await settle()
        const figure = await timeOurs([mariadb.pid, server.pid()], async () => {
          const started = await client.post<Started>('/v1/sites', { site, source: { kind: 'archives', ...given } })
          await succeed(client, started)
        })
        await succeed(client, await client.delete<Started>(`/v1/sites/${site}`, { confirm: site }))
        return figure
      }
      const byHand = async (): Promise<Figure> => {
        const target = house.path('by-hand')
        const files = join(target, 'wp-content/uploads')
        await mariadb.admin('CREATE OR REPLACE DATABASE by_hand CHARACTER SET utf8mb4')
        await settle()
        const figure = await timeShell(
          `mkdir ${target} && tar xzf ${archives.code} -C ${target} && mkdir -p ${files} && tar xzf ${archives.files} -C ${files} &&
            zcat ${archives.database} | mariadb --no-defaults -uroot --socket=${mariadb.socket} by_hand`,
        )
        removeTree(target, house.work)
        return figure
      }
      await ours() // warms, and starts what managed sites need
      const rounds = new Rounds()
      await rounds.play(house.rounds.long, { ours, 'by hand': byHand })
      return [rounds.compare('ours', 'by hand')]
    } finally {
      await server.stop()
      await mariadb.stop()
    }
  },
}

/** A WordPress with uploads, and beside its own tables some of about 100 MB. */
async function makeArchives(house: BenchHouse, mariadb: TestMariadb): Promise<Archives> {
  house.say('making the archives of a site')
  const directory = house.path('importer-site')
  const site = { version: '6.5', directory, mariadb, database: 'imported', url: 'http://bench.test', posts: 5 } as const
  await installWordPress(site)
  const uploads = join(directory, 'wp-content/uploads')
  makeUploads(uploads, house.quick ? 20 : 230)
  await makeDatabase(mariadb, 'bulk', house.quick ? 5 : 100)
  await mariadb.admin('RENAME TABLE bulk.wp_posts TO imported.wp_bulk_posts, bulk.wp_postmeta TO imported.wp_bulk_meta')
  const to = house.path('archives')
  mkdirSync(to)
  const archives = { code: join(to, 'code.tar.gz'), files: join(to, 'files.tar.gz'), database: join(to, 'database.sql.gz') }
  const dump = `mariadb-dump --no-defaults -uroot --socket=${mariadb.socket} imported`
  await runChild('bash', [
    '-c',
    `set -eo pipefail; tar czf ${archives.code} -C ${directory} --exclude=./wp-content/uploads . ; tar czf ${archives.files} -C ${uploads} . ; ${dump} | gzip -6 >${archives.database}`,
  ])
  const megabytes = Object.values(archives).reduce((sum, path) => sum + statSync(path).size, 0) / 1e6
  house.say(`${megabytes.toFixed(0)} MB of archives`)
  removeTree(directory, house.work)
  return archives
}

/** As the command line uploads it, in one request. */
async function upload(client: Client, path: string): Promise<Given> {
  const body = readFileSync(path)
  const name = Buffer.from(basename(path)).toString('base64')
  const answer = await fetch(new URL('/v1/uploads', client.url), {
    method: 'POST',
    headers: {
      ...client.authorization(),
      ...{ 'tus-resumable': '1.0.0', 'upload-length': String(body.length), 'upload-metadata': `filename ${name}` },
      'content-type': 'application/offset+octet-stream',
    },
    body,
  })
  const id = answer.headers.get('location')?.split('/').at(-1)
  if (answer.status !== 201 || id === undefined) throw new Error(`the upload of ${path} was answered by ${answer.status}`)
  await client.post(`/v1/uploads/${id}/finish`, { sha256: createHash('sha256').update(body).digest('hex') })
  return { upload: id }
}

async function succeed(client: Client, { workflow: { id } }: Started): Promise<void> {
  for (;;) {
    const workflow = await client.get<WorkflowView>(`/v1/workflows/${id}/wait`, { seconds: 20 })
    if (workflow.state === 'succeeded') return
    if (workflow.state === 'failed' || workflow.state === 'cancelled')
      throw new Error(`${workflow.kind} ${workflow.state}: ${workflow.failure?.message ?? ''}`)
  }
}
