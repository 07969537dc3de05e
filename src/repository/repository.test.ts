import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../base/ids.ts'
import { packPath } from './backends/layout.ts'
import { chunkerName } from './chunker.ts'
import { exportKey, importKey, readKeyFile, writeKeyFile } from './keyFile.ts'
import { blobTypes, newRepositoryKey } from './keys.ts'
import { buildManifest, encodeManifest } from './manifest.ts'
import { decodeRecords } from './packs/footer.ts'
import type { PackReceipt } from './packs/packWriter.ts'
import { readFooter, scanPack } from './packs/readPack.ts'
import { encodePage, summarizePage } from './page.ts'
import { blobsOf } from './reconcile.ts'
import { createRepository, openRepository } from './repository.ts'
import { backupOf, startTestRepository, type TestRepository } from './testing.ts'
import { ChunkStore } from './threads/chunkStore.ts'
import { FragmentReader } from './threads/fragmentReader.ts'
import type { ChunkRef, FinishedPack, Manifest, StoredEntry, WriteSession } from './types.ts'

let home: TestRepository
beforeAll(async () => {
  home = await startTestRepository()
})
afterAll(() => home.stop())

const finished = (receipt: PackReceipt): FinishedPack => ({
  ...receipt,
  sha256: Buffer.from(receipt.sha256),
  blobs: blobsOf(decodeRecords(receipt.records)),
})

interface Written {
  manifest: Manifest
  ref: ChunkRef
  chunk: ChunkRef
  page: ChunkRef
  packs: FinishedPack[]
}

/** Stores one entry with one chunk, its page and its root, as a capture would; the pack is given, not recorded. */
async function writeElement(body: Buffer, more: { level?: number; chunk?: ChunkRef; path?: string } = {}): Promise<Written> {
  const packs: FinishedPack[] = []
  const { directory, keys, instance } = home.repository
  const store = new ChunkStore(
    { directory, key: keys.key, instance, codec: { name: 'zlib', level: more.level ?? 6 } },
    () => {},
    (pack) => void packs.push(finished(pack)),
  )
  const put = (type: 1 | 2 | 3, raw: Buffer) => store.put(type, store.idOf(type, raw), raw, false)
  const chunk = more.chunk ?? put(blobTypes.data, body)
  const none = Buffer.alloc(0)
  const entry: StoredEntry = {
    path: Buffer.from(more.path ?? 'a.txt'),
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs: 1n,
    sizeBytes: body.length,
    target: none,
    secret: false,
    linkGroup: 0,
    chunks: [chunk],
  }
  const page = put(blobTypes.page, encodePage([entry]))
  const summary = { ...summarizePage([entry], 0, { prefix: '', form: 'tar' }), ref: page, firstPath: entry.path }
  const manifest = buildManifest(
    {
      element: 'files',
      archivePrefix: '',
      chunker: chunkerName,
      form: 'tar',
      rawBytes: body.length,
      madeAt: new Date().toISOString(),
      pages: [summary],
      facts: {},
    },
    keys.etag,
  )
  const ref = put(blobTypes.root, encodeManifest(manifest))
  await store.finish()
  return { manifest, ref, chunk, page, packs }
}

async function record(session: WriteSession, written: Written): Promise<void> {
  for (const pack of written.packs) await session.addPack(pack)
}

const setState = (pack: string, state: 'live' | 'condemned' | 'deleted' | 'missing') =>
  home.state.db.updateTable('pack').set({ state }).where('name', '=', pack).execute()

test('what a session wrote and committed can be read, by places too', async () => {
  const session = await home.repository.openSession()
  const body = Buffer.from('one body')
  const written = await writeElement(body)
  await record(session, written)
  await home.repository.commitBackup(session, backupOf(written.manifest, written.ref))
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
  const written = await writeElement(Buffer.from('to be condemned'))
  await record(session, written)
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
  const written = await writeElement(Buffer.from('pinned by the first'))
  await record(first, written)
  const second = await home.repository.openSession()
  const object = backupOf(written.manifest, written.ref)
  await expect(home.repository.commitBackup(second, object)).rejects.toMatchObject({ code: 'SESSION_LOST' })
  expect(await home.repository.listBackupObjects()).not.toContain(object.id)
  // root and page alone are not enough: the page is read and its chunks are asked for
  const chunkElsewhere = await writeElement(Buffer.from('a chunk elsewhere'))
  await record(first, chunkElsewhere)
  const around = await writeElement(Buffer.from('a chunk elsewhere'), { chunk: chunkElsewhere.chunk, path: 'b.txt' })
  await record(second, around)
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
    const written = await writeElement(Buffer.from(`lost ${Math.random()}`))
    await record(session, written)
    await lose(session.id)
    await expect(home.repository.commitBackup(session, backupOf(written.manifest, written.ref))).rejects.toMatchObject({
      code: 'SESSION_LOST',
    })
    await session.close()
  }
})

test('a session that was dropped cannot pin or add', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(Buffer.from('too late'))
  await session.close()
  await expect(record(session, written)).rejects.toMatchObject({ code: 'SESSION_LOST' })
})

test('a commit that fails in its transaction leaves no object', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(Buffer.from('not recorded'))
  await record(session, written)
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
  const one = await writeElement(body, { level: 1 })
  const nine = await writeElement(body, { level: 9 })
  await record(session, one)
  await record(session, nine)
  expect(nine.chunk.encMac).not.toEqual(one.chunk.encMac)
  expect((await home.repository.readFragment(one.chunk)).length).toBe(one.chunk.encLen)
  expect((await home.repository.readFragment(nine.chunk)).length).toBe(nine.chunk.encLen)
  // the same encoding again: the live pack keeps it
  const again = await writeElement(body, { level: 1 })
  await record(session, again)
  expect((await home.repository.locate([one.chunk]))[0]?.pack).toBe(one.packs[0]?.name)
  await setState(one.packs[0]?.name ?? '', 'condemned')
  const third = await writeElement(body, { level: 1 })
  await record(session, third)
  expect((await home.repository.locate([one.chunk]))[0]?.pack).toBe(third.packs[0]?.name)
  await setState(one.packs[0]?.name ?? '', 'live')
  await session.close()
})

test('a pack says by its headers what its footer says', async () => {
  const written = await writeElement(Buffer.from('scan me'))
  const [pack] = written.packs as [FinishedPack]
  const { directory, keys } = home.repository
  const footer = await readFooter(directory, keys, pack.name)
  expect(footer.length).toBe(3)
  expect(await scanPack(directory, keys, pack.name)).toEqual(footer)
  expect(statSync(packPath(directory, pack.name)).mode & 0o777).toBe(0o400)
  // under another name it does not open
  const other = pack.name.replace(/^./, 'z')
  renameSync(packPath(directory, pack.name), packPath(directory, other))
  await expect(readFooter(directory, keys, other)).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' })
  rmSync(packPath(directory, other))
})

test('reconcile drops own sessions and temporaries, adopts unknown packs and sees missing ones', async () => {
  const session = await home.repository.openSession()
  const known = await writeElement(Buffer.from('known, then lost'))
  await record(session, known)
  const unknown = await writeElement(Buffer.from('written, never recorded'))
  const torn = await writeElement(Buffer.from('torn'))
  const { directory } = home.repository
  const tornPath = packPath(directory, torn.packs[0]?.name ?? '')
  chmodSync(tornPath, 0o600)
  truncateSync(tornPath, 60)
  const lost = packPath(directory, known.packs[0]?.name ?? '')
  const aside = join(home.directory, 'aside')
  renameSync(lost, aside)
  writeFileSync(join(directory, 'packs', '00', '.tmp.test.leftover'), 'x')
  writeFileSync(join(directory, 'packs', '00', '.tmp.other.at-work'), 'x')
  const report = await home.repository.reconcile()
  expect(report).toMatchObject({ removedTemporaries: 1, missingPacks: [known.packs[0]?.name] })
  expect(report.droppedSessions).toBeGreaterThan(0)
  expect(report.adoptedPacks).toContain(unknown.packs[0]?.name)
  expect(existsSync(tornPath)).toBe(true) // in doubt it is kept
  expect(await home.repository.readChunk(unknown.chunk)).toEqual(Buffer.from('written, never recorded'))
  await expect(home.repository.readChunk(known.chunk)).rejects.toMatchObject({ code: 'CHUNK_MISSING' })
  renameSync(aside, lost)
  expect((await home.repository.reconcile()).missingPacks).toEqual([])
  expect(await home.repository.readChunk(known.chunk)).toEqual(Buffer.from('known, then lost'))
  rmSync(tornPath)
  rmSync(join(directory, 'packs', '00', '.tmp.other.at-work'))
  await session.close()
})

test('check finds a flipped bit, a short pack and a lost one, and names the backups', async () => {
  const session = await home.repository.openSession()
  const written = await writeElement(Buffer.from('to be damaged '.repeat(200)))
  await record(session, written)
  const object = backupOf(written.manifest, written.ref)
  await home.repository.commitBackup(session, object)
  expect((await home.repository.check({ readData: true })).problems).toEqual([])
  const path = packPath(home.repository.directory, written.packs[0]?.name ?? '')
  const whole = readFileSync(path)
  chmodSync(path, 0o600)
  for (let i = 0; i < 40; i++) {
    const altered = Buffer.from(whole)
    const bit = Math.floor(Math.random() * altered.length * 8)
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
    writeFileSync(path, altered)
    const report = await home.repository.check({ readData: true })
    expect(report.ok, `bit ${bit}`).toBe(false)
    expect(report.problems.flatMap((problem) => problem.backups)).toContain(object.id)
  }
  writeFileSync(path, whole.subarray(0, -1))
  expect((await home.repository.check({ readData: false })).problems[0]?.backups).toContain(object.id)
  rmSync(path)
  expect((await home.repository.check({ readData: false })).ok).toBe(false)
  writeFileSync(path, whole, { mode: 0o400 })
  await home.repository.reconcile() // the index held the pack for lost
  expect((await home.repository.check({ readData: true })).problems).toEqual([])
})

test('siblings are numbered, the highest counts, and none can stand in for another', async () => {
  const [id] = (await home.repository.listBackupObjects()) as [string]
  await home.repository.putSibling(id, 'note', { note: 'one' })
  await home.repository.putSibling(id, 'note', { note: 'two' })
  await home.repository.putSibling(id, 'lock', { locked: true })
  expect(await home.repository.readSiblings(id)).toEqual({ note: { note: 'two' }, lock: { locked: true } })
  const folder = join(home.repository.directory, 'backups')
  writeFileSync(join(folder, `${id}.note.3`), readFileSync(join(folder, `${id}.note.1`)))
  await expect(home.repository.readSiblings(id)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
  rmSync(join(folder, `${id}.note.3`))
  await expect(home.repository.putSibling(newUlid(), 'note', {})).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
  await expect(home.repository.readBackupObject(newUlid())).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
})

test('a repository is not opened with another key, without its head, nor made over another', async () => {
  const { directory } = home.repository
  const options = { directory, db: home.state.db, key: home.key, instance: 'test' }
  await expect(createRepository(options)).rejects.toMatchObject({ code: 'REPOSITORY_MISSING' })
  const otherKey = { ...home.key, master: newRepositoryKey('x').master }
  await expect(openRepository({ ...options, key: otherKey })).rejects.toMatchObject({ code: 'REPOSITORY_KEY' })
  await (await openRepository(options)).close()
  renameSync(join(directory, 'repo.json'), join(directory, 'gone'))
  await expect(openRepository(options)).rejects.toThrow(/it holds packs/)
  await expect(createRepository(options)).rejects.toThrow(/it holds packs/)
  renameSync(join(directory, 'gone'), join(directory, 'repo.json'))
  await expect(openRepository({ ...options, directory: join(directory, 'unmounted') })).rejects.toMatchObject({
    code: 'REPOSITORY_MISSING',
  })
})

test('a key survives its export; a mistyped one is told', () => {
  const path = join(home.directory, 'key')
  writeKeyFile(path, home.key)
  expect(Buffer.from(readKeyFile(path).master).equals(home.key.master)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const text = exportKey(home.key)
  expect(importKey(` ${text}\n`).repositoryId).toBe(home.key.repositoryId)
  const at = text.length - 20
  expect(() => importKey(text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1))).toThrow(/checksum/)
  expect(() => importKey('secret')).toThrow(/cairn-key-1/)
  chmodSync(path, 0o644)
  expect(() => readKeyFile(path)).toThrow(/others may read/)
})
