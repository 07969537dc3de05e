import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { childEnd, startChild } from '../../base/spawn.ts'
import { decodePage } from '../../repository/page.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import { startTestRepository, type TestRepository } from '../../repository/testing.ts'

let home: TestRepository
beforeAll(async () => {
  home = await startTestRepository()
})
afterAll(() => home.stop())

/** Backs one tree up again and again, changing it between; prints a line for each commit that it was told of. */
const program = `
const [source, repositoryDirectory, top, connection, master, repositoryId] = process.argv.slice(2)
const { openState } = await import(source + '/state/open.ts')
const { openRepository } = await import(source + '/repository/repository.ts')
const { captureTree } = await import(source + '/workflows/capture/captureTree.ts')
const { backupOf } = await import(source + '/repository/testing.ts')
const { quietRun } = await import(source + '/base/run.ts')
const { writeFileSync } = await import('node:fs')
const { db } = await openState(JSON.parse(connection))
const key = { repositoryId, master: Buffer.from(master, 'hex') }
const repository = await openRepository({ directory: repositoryDirectory, db, key, instance: 'killed' })
await repository.reconcile()
for (let round = 0, previous = null; ; round++) {
  console.log('begun')
  writeFileSync(top + '/changing-' + (round % 3), String(Math.random()).repeat(20_000))
  const session = await repository.openSession()
  const root = { roots: [{ directory: top, at: '' }], exclude: [], secretPaths: [] }
  previous = await captureTree({ repository, session, root, element: 'files', archivePrefix: '', previous, statCachePath: top + '-cache',
    paranoid: false, codec: { name: 'zlib', level: 1 }, run: quietRun() })
  const object = backupOf(previous.manifest, previous.ref)
  await repository.commitBackup(session, object)
  console.log('committed ' + object.id)
}
`

test('a process killed at any moment leaves a repository that checks clean, with every backup that it reported', async () => {
  const top = join(home.directory, 'site')
  mkdirSync(top)
  for (let i = 0; i < 300; i++) writeFileSync(join(top, `file-${i}`), `${i} ${Math.random()}`.repeat(i * 3))
  for (let i = 0; i < 4; i++)
    writeFileSync(join(top, `image-${i}.jpg`), Buffer.from(Array.from({ length: 400_000 }, () => Math.random() * 256)))
  const script = join(home.directory, 'child.mjs')
  writeFileSync(script, program)
  const reported: string[] = []
  for (let round = 0; round < 4; round++) {
    const child = startChild(process.execPath, [
      script,
      join(import.meta.dirname, '../..'),
      home.repository.directory,
      top,
      JSON.stringify(home.state.connection),
      Buffer.from(home.key.master).toString('hex'),
      home.key.repositoryId,
    ])
    const end = childEnd(child)
    let said = ''
    child.stdout?.on('data', (text: Buffer) => void (said += text.toString()))
    child.stderr?.on('data', (text: Buffer) => void (said += text.toString()))
    // by its own steps, so that a busy machine is killed no earlier
    while (said.split('begun').length - 1 < (round === 0 ? 3 : 1 + (round % 3)) && child.exitCode === null) await sleep(5)
    await sleep(Math.random() * 500)
    child.kill('SIGKILL')
    expect(await end, said).toMatchObject({ signal: 'SIGKILL' })
    expect(said).not.toContain('Error')
    reported.push(...[...said.matchAll(/committed (\S+)\n/g)].map((match) => match[1] as string))
    await home.repository.reconcile()
    const report = await home.repository.check({ readData: true })
    expect(report.problems.filter(({ backups }) => backups.length > 0)).toEqual([])
  }
  expect(reported.length).toBeGreaterThan(0)
  const there = await home.repository.listBackupObjects()
  expect(there).toEqual(expect.arrayContaining(reported))
  for (const id of there) {
    const { elements } = await home.repository.readBackupObject(id)
    const manifest = await home.repository.loadManifest(unpackChunkRef(Buffer.from(elements.files?.manifest ?? '', 'hex')))
    for (const page of manifest.pages) {
      for (const entry of decodePage(await home.repository.readChunk(page.ref))) {
        for (const chunk of entry.chunks) await home.repository.readChunk(chunk)
      }
    }
  }
}, 120_000)
