import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../base/ids.ts'
import { packPath } from './backends/layout.ts'
import { exportKey, importKey, readKeyFile, writeKeyFile } from './keyFile.ts'
import { newRepositoryKey } from './keys.ts'
import { readFooter, scanPack } from './packs/readPack.ts'
import { createRepository, openRepository } from './repository.ts'
import { backupOf, recordPacks, startTestRepository, type TestRepository, writeElement } from './testing.ts'
import type { FinishedPack } from './types.ts'

let home: TestRepository
beforeAll(async () => {
  home = await startTestRepository()
})
afterAll(() => home.stop())

test('a pack says by its headers what its footer says', async () => {
  const written = await writeElement(home.repository, Buffer.from('scan me'))
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
  const known = await writeElement(home.repository, Buffer.from('known, then lost'))
  await recordPacks(session, known)
  const unknown = await writeElement(home.repository, Buffer.from('written, never recorded'))
  const torn = await writeElement(home.repository, Buffer.from('torn'))
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
  const written = await writeElement(home.repository, Buffer.from('to be damaged '.repeat(200)))
  await recordPacks(session, written)
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
