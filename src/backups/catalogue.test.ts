import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newUlid } from '../base/ids.ts'
import type { Actor } from '../contract/words.ts'
import { writeBackupObject } from '../repository/backupObjects.ts'
import { newRepositoryKey } from '../repository/keys.ts'
import { createRepository, type DiskRepository } from '../repository/repository.ts'
import type { BackupObject } from '../repository/types.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { type Backup, type BackupStore, findBackup, keptOf, recordBackup } from './catalogue.ts'
import { countBackups, listBackups } from './list.ts'
import { changeBackup, deleteBackup, recallBackup, recordProof } from './change.ts'
import { createLink, openLink, revokeLink } from './links.ts'
import { rebuildCatalogue } from './rebuild.ts'
import { addDays, visibility } from './retain.ts'
import { viewBackup } from './view.ts'

const actor: Actor = { kind: 'person', id: 'o@example.org', name: 'O' }
const now = new Date('2026-06-15T12:00:00Z')
const place = { site: 'shop', environment: 'dev', all: false }
let state: TestState
let directory: string
let repository: DiskRepository
let store: BackupStore

beforeAll(async () => {
  state = await startTestState()
  directory = mkdtempSync(join(tmpdir(), 'cairn-catalogue-'))
  repository = await createRepository({
    directory: join(directory, 'repository'),
    db: state.db,
    key: newRepositoryKey('test'),
    instance: 'test',
  })
  store = { db: state.db, repository }
})
afterAll(async () => {
  await state.stop()
  rmSync(directory, { recursive: true })
})
beforeEach(async () => {
  await state.db.deleteFrom('link').execute()
  await state.db.deleteFrom('backup').execute()
  rmSync(join(repository.directory, 'backups'), { recursive: true })
  mkdirSync(join(repository.directory, 'backups'))
})

test('a backup is found by its id and by the name of each of its archives', async () => {
  const row = await take({ momentAt: '2026-06-01T10:00:00.500Z' })
  for (const name of [
    row.id,
    'shop_dev_2026-06-01T10-00-00_UTC_code.tar.gz',
    'shop_dev_2026-06-01T10-00-00_UTC_database.sql.gz',
  ]) {
    expect((await findBackup(store, name, { now })).id).toBe(row.id)
  }
  for (const name of [
    'shop_dev_2026-06-01T10-00-00_UTC_files.tar.gz',
    'shop_live_2026-06-01T10-00-00_UTC_code.tar.gz',
    'x',
    newUlid(),
  ]) {
    await expect(findBackup(store, name, { now })).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
  }
})

test('two backups of one second are told apart by id only', async () => {
  const rows = [await take({ momentAt: '2026-06-01T10:00:00.100Z' }), await take({ momentAt: '2026-06-01T10:00:00.900Z' })]
  const failure = await findBackup(store, 'shop_dev_2026-06-01T10-00-00_UTC_code.tar.gz', { now }).catch(
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ code: 'INPUT_INVALID', hint: expect.stringContaining(rows[1]?.id ?? '') })
})

test('an expired or deleted backup hides at once, is listed with all, and comes back when recalled', async () => {
  const expired = await take({ expiresAt: now.toISOString(), momentAt: '2026-06-01T10:00:00Z' })
  const deleted = await take({ momentAt: '2026-06-02T10:00:00Z' })
  await deleteBackup(store, deleted.id, actor, now)
  expect(await listBackups(store, place, now)).toEqual([])
  expect((await listBackups(store, { ...place, all: true }, now)).map((row) => row.id)).toEqual([deleted.id, expired.id])
  await expect(findBackup(store, deleted.id, { now })).rejects.toMatchObject({ hint: expect.stringContaining('2026-06-22') })
  await recallBackup(store, deleted.id, actor, now)
  const recalled = await recallBackup(store, expired.id, actor, now)
  expect(recalled.expires_at).toEqual(addDays(now, 30))
  expect((await listBackups(store, place, now)).map((row) => row.id)).toEqual([deleted.id, expired.id])
  await deleteBackup(store, deleted.id, actor, now)
  await expect(recallBackup(store, deleted.id, actor, addDays(now, 7))).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
})

test('a list shows what visibility says, page by page, and finds by trigger and by what people know of a backup', async () => {
  const days = [-30, -8, -6, -1, 0, 1, null]
  for (const [at, expires] of days.entries()) {
    for (const [more, deleted] of [null, -8, -6, 0].entries()) {
      const row = await take({
        momentAt: new Date(Date.parse('2026-01-01T00:00:00Z') + (at * 4 + more) * 60_000).toISOString(),
        ...(at % 2 === 0 ? { trigger: 'automatic', note: `100 %_\\ of ${at}` } : { facts: { commit: `abc${at}` } }),
      })
      const expires_at = expires === null ? null : addDays(now, expires)
      const change = { expires_at, deleted_at: deleted === null ? null : addDays(now, deleted), locked: more === 0 && at < 2 }
      await state.db.updateTable('backup').set(change).where('id', '=', row.id).execute()
    }
  }
  const rows = (await state.db.selectFrom('backup').selectAll().orderBy('moment_at', 'desc').execute()) as Backup[]
  for (const all of [false, true]) {
    const kinds = all ? ['shown', 'hidden'] : ['shown']
    const wanted = rows.filter((row) => kinds.includes(visibility(keptOf(row), now).kind)).map(({ id }) => id)
    const paged = await Promise.all(
      [0, 3, 6, 9, 12, 15, 18].map((skip) => listBackups(store, { ...place, all, limit: 3, skip }, now)),
    )
    expect(paged.flat().map(({ id }) => id)).toEqual(wanted)
    expect(await countBackups(store, { ...place, all }, now)).toBe(wanted.length)
    expect(wanted.length).toBeGreaterThan(all ? 12 : 2)
  }
  const find = (search: string, trigger?: 'automatic') =>
    countBackups(store, { ...place, all: true, search, ...(trigger === undefined ? {} : { trigger }) }, now)
  expect([await find('100 %_\\'), await find('O@EXAMPLE'), await find('ABC5'), await find('100x'), await find('%')]).toEqual([
    12, 21, 3, 0, 12,
  ])
  expect([await find('', 'automatic'), await find('abc', 'automatic'), await find(rows[0]?.id ?? '')]).toEqual([12, 0, 1])
})

test('a locked backup cannot be deleted and outlives its expiry; unlocking gives it time', async () => {
  const row = await take({ expiresAt: addDays(now, 1).toISOString() })
  await changeBackup(store, row.id, { locked: true, note: 'before the relaunch' }, actor, now)
  await expect(deleteBackup(store, row.id, actor, now)).rejects.toMatchObject({ code: 'BACKUP_LOCKED' })
  const later = addDays(now, 100)
  expect((await findBackup(store, row.id, { now: later })).note).toBe('before the relaunch')
  const unlocked = await changeBackup(store, row.id, { locked: false }, actor, later)
  expect(unlocked.expires_at).toEqual(addDays(later, 30))
})

test('keepForDays counts from now, null keeps for ever, and a note can be taken away', async () => {
  const row = await take({ note: 'old' })
  expect((await changeBackup(store, row.id, { keepForDays: 5 }, actor, now)).expires_at).toEqual(addDays(now, 5))
  expect((await changeBackup(store, row.id, { keepForDays: null, note: null }, actor, now)).expires_at).toBeNull()
  expect((await findBackup(store, row.id, { now })).note).toBeNull()
})

test('the catalogue is rebuilt from the repository alone, with every change', async () => {
  const first = await take({ momentAt: '2026-06-01T10:00:00Z', facts: { workflowId: 'W1' } })
  const second = await take({ momentAt: '2026-06-02T10:00:00Z' })
  await changeBackup(store, first.id, { locked: true, note: 'keep' }, actor, now)
  await changeBackup(store, first.id, { keepForDays: 10 }, actor, now)
  await recordProof(
    store,
    first.id,
    { state: 'proven', elements: { code: { sha256: 'aa', provenAt: now.toISOString() } } },
    actor,
    now,
  )
  await deleteBackup(store, second.id, actor, now)
  const before = await listBackups(store, { ...place, all: true }, now)
  await state.db.deleteFrom('backup').execute()
  const report = await rebuildCatalogue(store)
  expect(report).toEqual({ added: [first.id, second.id], changed: [], missing: [] })
  const after = await listBackups(store, { ...place, all: true }, now)
  const plain = (rows: typeof before) => rows.map((row) => ({ ...viewBackup(row, now), workflowId: null }))
  expect(plain(after)).toEqual(plain(before))
  expect(after[1]?.workflow_id).toBe('W1')
  expect(await rebuildCatalogue(store)).toEqual({ added: [], changed: [], missing: [] })
})

test('a change that was cut between object and row is finished; a backup that the repository lost is reported', async () => {
  const row = await take({})
  await repository.putSibling(row.id, 'deletion', { deletedAt: now.toISOString() })
  const lost = await recordBackup(state.db, backupObject({}), null)
  expect(await rebuildCatalogue(store)).toEqual({ added: [], changed: [row.id], missing: [lost.id] })
  expect((await findBackup(store, row.id, { hidden: true, now })).deleted_at).toEqual(now)
})

test('two changes at once both hold', async () => {
  const row = await take({})
  await Promise.all([
    changeBackup(store, row.id, { locked: true }, actor, now),
    changeBackup(store, row.id, { note: 'n' }, actor, now),
  ])
  expect(await findBackup(store, row.id, { now })).toMatchObject({ locked: true, note: 'n' })
})

test('code counts as holding secrets unless the backup says that it holds none', async () => {
  expect(await secrets({})).toEqual([true, false])
  expect(await secrets({ secretPaths: { code: [] } })).toEqual([false, false])
  expect(await secrets({ secretPaths: { code: ['wp-config.php'] } })).toEqual([true, false])
})

test('a link opens by its token and its file name, until it expires or is revoked', async () => {
  const row = await take({ momentAt: '2026-06-01T10:00:00Z' })
  const { link, token } = await createLink(store, { backup: row.id, element: 'code', lifeSeconds: 60, actor }, now)
  const name = 'shop_dev_2026-06-01T10-00-00_UTC_code.tar.gz'
  expect(link.file_name).toBe(name)
  expect((await openLink(store, token, name, now)).backup.id).toBe(row.id)
  const altered = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`
  for (const [text, file] of [
    [altered, name],
    [token, name.replace('code', 'files')],
    [token, ''],
    ['', name],
  ] as const) {
    await expect(openLink(store, text, file, now)).rejects.toMatchObject({
      code: 'LINK_REFUSED',
      message: expect.stringContaining('altered'),
    })
  }
  await expect(openLink(store, token, name, new Date(now.getTime() + 60_000))).rejects.toMatchObject({
    message: expect.stringContaining('expired'),
  })
  await revokeLink(state.db, link.id, now)
  await expect(openLink(store, token, name, now)).rejects.toMatchObject({ message: expect.stringContaining('revoked') })
  await expect(revokeLink(state.db, newUlid(), now)).rejects.toMatchObject({ code: 'LINK_NOT_FOUND' })
  expect(JSON.stringify(await state.db.selectFrom('link').selectAll().execute())).not.toContain(token)
})

test('no link is made to what a backup lacks, and none stays open to a backup that hides or is damaged', async () => {
  const row = await take({})
  await expect(createLink(store, { backup: row.id, element: 'files', actor }, now)).rejects.toMatchObject({
    code: 'ELEMENT_MISSING',
  })
  const { link, token } = await createLink(store, { backup: row.id, element: 'code', actor }, now)
  await deleteBackup(store, row.id, actor, now)
  await expect(openLink(store, token, link.file_name, now)).rejects.toMatchObject({ code: 'LINK_REFUSED' })
  await recallBackup(store, row.id, actor, now)
  await openLink(store, token, link.file_name, now)
  await recordProof(store, row.id, { state: 'damaged', elements: {} }, actor, now)
  await expect(openLink(store, token, link.file_name, now)).rejects.toMatchObject({ code: 'LINK_REFUSED' })
  await expect(createLink(store, { backup: row.id, element: 'code', actor }, now)).rejects.toMatchObject({
    code: 'BACKUP_UNUSABLE',
  })
})

async function secrets(facts: Record<string, unknown>): Promise<boolean[]> {
  return viewBackup(await take({ facts }), now).elements.map((element) => element.holdsSecrets)
}

async function take(change: Partial<BackupObject>) {
  const object = backupObject(change)
  writeBackupObject(repository.directory, repository.keys, object, 'test')
  return recordBackup(state.db, object, typeof object.facts['workflowId'] === 'string' ? object.facts['workflowId'] : null)
}

function backupObject(change: Partial<BackupObject>): BackupObject {
  const momentAt = change.momentAt ?? '2026-06-10T10:00:00.000Z'
  const element = { manifest: '00'.repeat(76), archiveLength: 100, rawBytes: 200, entryCount: 3, momentAt, etag: 'e' }
  return {
    version: 1,
    id: newUlid(),
    site: 'shop',
    environment: 'dev',
    environmentId: 'E1',
    trigger: 'manual',
    actor,
    startedAt: momentAt,
    momentAt,
    elements: { code: element, database: element },
    warnings: [],
    facts: {},
    sealedConfig: null,
    expiresAt: null,
    note: null,
    ...change,
  }
}
