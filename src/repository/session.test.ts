import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupOf, recordPacks, startTestRepository, type TestRepository, writeElement } from './testing.ts'
import { FragmentReader } from './threads/fragmentReader.ts'

let home: TestRepository
beforeAll(async () => {
  home = await startTestRepository()
})
afterAll(() => home.stop())

const setState = (pack: string, state: 'live' | 'condemned' | 'deleted' | 'missing') =>
  home.state.db.updateTable('pack').set({ state }).where('name', '=', pack).execute()

test('what a session wrote and committed can be read, by places too', async () => {
  const session = await home.repository.openSession()
  const body = Buffer.from('one body')
  const written = await writeElement(home.repository, body)
  await recordPacks(session, written)
  await home.repository.commitBackup(session, backupOf(written.manifest, written.ref))
  expect(await home.repository.stats()).toMatchObject({
    rawBytes: written.manifest.rawBytes,
    archiveBytes: written.manifest.archiveLength,
  })
  expect(await home.repository.readChunk(written.chunk)).toEqual(body)
  expect(await home.repository.loadManifest(written.ref)).toEqual(written.manifest)
  const [place] = await home.repository.locate([written.chunk])
  const reader = new FragmentReader(home.repository.directory, home.key)
  expect(reader.readRawSync(written.chunk, place as NonNullable<typeof place>)).toEqual(body)
  expect(reader.readFragmentSync(written.chunk, place as NonNullable<typeof place>)).toEqual(
    await home.repository.readFragment(written.chunk),
  )
  reader.close()
  expect((await home.state.db.selectFrom('pin').selectAll().execute()).length).toBe(0)
  expect(await home.repository.check({ readData: true })).toMatchObject({ ok: true, problems: [] })
})

test('a chunk in a condemned, deleted or missing pack does not exist for a writer, but a condemned one can be read', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(home.repository, Buffer.from('to be condemned'))
  await recordPacks(session, written)
  const [pack] = written.packs.map((one) => one.name) as [string]
  expect(await session.find([written.chunk.id])).toEqual([{ encMac: written.chunk.encMac, encLen: written.chunk.encLen }])
  expect(await session.pin([written.chunk, written.page])).toEqual([])
  for (const state of ['condemned', 'deleted', 'missing'] as const) {
    await setState(pack, state)
    expect(await session.find([written.chunk.id])).toEqual([null])
    expect(await session.pin([written.chunk, written.page])).toEqual([0, 1])
    if (state === 'condemned') expect((await home.repository.locate([written.chunk])).length).toBe(1)
    else await expect(home.repository.locate([written.chunk])).rejects.toMatchObject({ code: 'CHUNK_MISSING' })
  }
  await expect(home.repository.commitBackup(session, backupOf(written.manifest, written.ref))).rejects.toMatchObject({
    code: 'SESSION_LOST',
  })
  await setState(pack, 'live')
  await session.close()
})

test('a commit is refused when a pack is pinned by another session only', async () => {
  const first = await home.repository.openSession()
  const written = await writeElement(home.repository, Buffer.from('pinned by the first'))
  await recordPacks(first, written)
  const second = await home.repository.openSession()
  const object = backupOf(written.manifest, written.ref)
  await expect(home.repository.commitBackup(second, object)).rejects.toMatchObject({ code: 'SESSION_LOST' })
  expect(await home.repository.listBackupObjects()).not.toContain(object.id)
  // root and page alone are not enough: the page is read and its chunks are asked for
  const chunkElsewhere = await writeElement(home.repository, Buffer.from('a chunk elsewhere'))
  await recordPacks(first, chunkElsewhere)
  const around = await writeElement(home.repository, Buffer.from('a chunk elsewhere'), {
    chunk: chunkElsewhere.chunk,
    path: 'b.txt',
  })
  await recordPacks(second, around)
  await expect(home.repository.commitBackup(second, backupOf(around.manifest, around.ref))).rejects.toMatchObject({
    code: 'SESSION_LOST',
  })
  expect(await second.pin([around.chunk])).toEqual([])
  await home.repository.commitBackup(second, backupOf(around.manifest, around.ref))
  await first.close()
})

test('a commit is refused when the lease ended or the session was dropped', async () => {
  for (const lose of [
    (id: string) => home.state.db.deleteFrom('write_session').where('id', '=', id).execute(),
    (id: string) =>
      home.state.db
        .updateTable('write_session')
        .set({ lease_until: new Date(0) })
        .where('id', '=', id)
        .execute(),
  ]) {
    const session = await home.repository.openSession()
    const written = await writeElement(home.repository, Buffer.from(`lost ${Math.random()}`))
    await recordPacks(session, written)
    await lose(session.id)
    await expect(home.repository.commitBackup(session, backupOf(written.manifest, written.ref))).rejects.toMatchObject({
      code: 'SESSION_LOST',
    })
    await session.close()
  }
})

test('a session that was dropped cannot pin or add', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(home.repository, Buffer.from('too late'))
  await session.close()
  await expect(recordPacks(session, written)).rejects.toMatchObject({ code: 'SESSION_LOST' })
})

test('a commit that fails in its transaction leaves no object', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(home.repository, Buffer.from('not recorded'))
  await recordPacks(session, written)
  const object = backupOf(written.manifest, written.ref)
  const failing = home.repository.commitBackup(session, object, async () => Promise.reject(new Error('no row')))
  await expect(failing).rejects.toThrow('no row')
  expect(await home.repository.listBackupObjects()).not.toContain(object.id)
  await home.repository.commitBackup(session, object)
  expect(await home.repository.listBackupObjects()).toContain(object.id)
})

test('two encodings of one chunk live side by side, and a dead one is taken over by the next', async () => {
  const session = await home.repository.openSession()
  const body = Buffer.from('the same text in two encodings '.repeat(300))
  const one = await writeElement(home.repository, body, { level: 1 })
  const nine = await writeElement(home.repository, body, { level: 9 })
  await recordPacks(session, one)
  await recordPacks(session, nine)
  expect(nine.chunk.encMac).not.toEqual(one.chunk.encMac)
  expect((await home.repository.readFragment(one.chunk)).length).toBe(one.chunk.encLen)
  expect((await home.repository.readFragment(nine.chunk)).length).toBe(nine.chunk.encLen)
  // the same encoding again: the live pack keeps it
  const again = await writeElement(home.repository, body, { level: 1 })
  await recordPacks(session, again)
  expect((await home.repository.locate([one.chunk]))[0]?.pack).toBe(one.packs[0]?.name)
  await setState(one.packs[0]?.name ?? '', 'condemned')
  const third = await writeElement(home.repository, body, { level: 1 })
  await recordPacks(session, third)
  expect((await home.repository.locate([one.chunk]))[0]?.pack).toBe(third.packs[0]?.name)
  await setState(one.packs[0]?.name ?? '', 'live')
  await session.close()
})
