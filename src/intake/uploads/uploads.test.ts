import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor } from '../../contract/words.ts'
import { json } from '../../state/json.ts'
import { startTestState, type TestState } from '../../state/testing.ts'
import { type Intake, intakePath, openIntake, uploadLifeMs } from '../intake.ts'
import { requireBelowLimit } from '../sizes.ts'
import { openUploadDesk, type UploadDesk, uploadsPath } from './desk.ts'
import { holdUpload } from './hold.ts'
import { UploadLocks } from './locker.ts'
import { sweepIntake } from './sweep.ts'

let state: TestState
let intake: Intake
let desk: UploadDesk
let directory: string
beforeAll(async () => {
  state = await startTestState()
  directory = mkdtempSync(join(tmpdir(), 'cairn-intake-'))
  intake = openIntake({ db: state.db, directory: join(directory, 'intake'), limitBytes: null })
  desk = openUploadDesk(intake)
})
afterAll(async () => {
  await state.stop()
  rmSync(directory, { recursive: true })
})

const ann: Actor = { kind: 'token', id: 'T1', name: 'ann@example.org' }
const bob: Actor = { kind: 'token', id: 'T2', name: 'bob@example.org' }
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function tus(method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit, actor = ann) {
  const init = {
    method,
    headers: { 'tus-resumable': '1.0.0', ...headers },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  }
  return desk.handle(new Request(`http://localhost${path}`, init as RequestInit), actor)
}

async function begin(size: number, metadata: Record<string, string> = {}, actor = ann): Promise<string> {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
  const response = await tus(
    'POST',
    uploadsPath,
    { 'upload-length': String(size), ...(pairs.length === 0 ? {} : { 'upload-metadata': pairs.join(',') }) },
    undefined,
    actor,
  )
  expect(response.status).toBe(201)
  return (response.headers.get('location') ?? '').split('/').at(-1) ?? ''
}

const bodyType = { 'content-type': 'application/offset+octet-stream' }
function send(id: string, offset: number, body: BodyInit): Promise<Response> {
  return tus('PATCH', `${uploadsPath}/${id}`, { ...bodyType, 'upload-offset': String(offset) }, body)
}
async function offsetOf(id: string): Promise<number> {
  return Number((await tus('HEAD', `${uploadsPath}/${id}`)).headers.get('upload-offset'))
}

/** A body that breaks off after its bytes. */
function broken(bytes: Buffer): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => controller.error(new Error('connection reset')),
  })
}

const content = randomBytes(300_000)

test('a file goes up in pieces, also across a cut, is checked by its SHA-256 and may then be used', async () => {
  const id = await begin(content.length, { filename: '../../etc/passwd', sha256: sha256(content) })
  expect((await send(id, 0, content.subarray(0, 100_000))).headers.get('upload-offset')).toBe('100000')
  await expect(send(id, 100_000, broken(content.subarray(100_000, 150_000)))).rejects.toThrow()
  const offset = await offsetOf(id) // what was on its way when it broke may be lost
  expect(offset).toBeGreaterThanOrEqual(100_000)
  await expect(holdUpload(intake, id, 'W1')).rejects.toThrow(`${offset} of 300000 bytes have arrived`)
  await send(id, offset, content.subarray(offset))
  expect(await desk.find(id, ann)).toMatchObject({ state: 'ready', file_name: 'passwd' })
  const held = await holdUpload(intake, id, 'W1', ann)
  expect(readFileSync(held.path).equals(content)).toBe(true)
  expect(held.path.startsWith(intake.directory)).toBe(true)
})

test('a restart forgets the running hash, and the file is read instead', async () => {
  const id = await begin(content.length, { sha256: sha256(content) })
  await send(id, 0, content.subarray(0, 100_000))
  desk = openUploadDesk(intake)
  await send(id, 100_000, content.subarray(100_000))
  expect(await desk.find(id, ann)).toMatchObject({ state: 'ready' })
})

test('bytes behind the durable offset do not count, whatever a killed server left in the file', async () => {
  const id = await begin(content.length, { sha256: sha256(content) })
  await send(id, 0, content.subarray(0, 100_000))
  writeFileSync(intakePath(intake, id), randomBytes(50_000), { flag: 'a' })
  desk = openUploadDesk(intake)
  expect(await offsetOf(id)).toBe(100_000)
  await send(id, 100_000, content.subarray(100_000))
  expect((await holdUpload(intake, id, 'W')).sha256.toString('hex')).toBe(sha256(content))
})

test('a file with another SHA-256 is refused and gone', async () => {
  const id = await begin(5, { sha256: sha256(Buffer.from('other')) })
  await expect(send(id, 0, 'hello')).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED' })
  await expect(desk.find(id, ann)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
  expect(existsSync(intakePath(intake, id))).toBe(false)
})

test('the SHA-256 may be told at the end; until then nothing uses the file', async () => {
  const id = await begin(5)
  await expect(desk.finish(id, null, ann)).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE' })
  await send(id, 0, 'hello')
  await expect(holdUpload(intake, id, 'W')).rejects.toThrow(/nobody told/)
  expect(await desk.finish(id, sha256(Buffer.from('hello')), ann)).toMatchObject({ state: 'ready' })
  await expect(desk.finish(id, sha256(Buffer.from('jello')), ann)).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED' })
})

test('a server that died between the last byte and the check finishes when it is asked', async () => {
  const id = await begin(5, { sha256: sha256(Buffer.from('hello')) })
  await send(id, 0, 'hello')
  await state.db.updateTable('upload').set({ state: 'receiving', sha256: null }).where('id', '=', id).execute()
  desk = openUploadDesk(intake)
  expect(await desk.finish(id, null, ann)).toMatchObject({ state: 'ready' })
})

test('wrong offsets, too many bytes and malformed hashes are refused, and change nothing', async () => {
  const id = await begin(10)
  await send(id, 0, 'hello')
  await expect(send(id, 4, 'x')).rejects.toMatchObject({ cause: { status: 409 } })
  await expect(send(id, 5, 'far too many bytes')).rejects.toThrow()
  await expect(begin(1, { sha256: 'abc' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  await expect(tus('POST', uploadsPath, { 'upload-defer-length': '1' })).rejects.toMatchObject({ cause: { status: 501 } })
  expect(await offsetOf(id)).toBeGreaterThanOrEqual(5)
  expect(await offsetOf(id)).toBeLessThanOrEqual(10)
})

test('somebody else sees no upload of mine, my other token does', async () => {
  const id = await begin(5)
  await expect(tus('HEAD', `${uploadsPath}/${id}`, {}, undefined, bob)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
  await expect(tus('DELETE', `${uploadsPath}/${id}`, {}, undefined, bob)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
  await expect(desk.find(id, bob)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
  expect(await desk.find(id, { ...ann, id: 'T9' })).toMatchObject({ id })
  const forged = await begin(5, { 'cairn-owner': JSON.stringify(bob) })
  await expect(desk.find(forged, bob)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
})

test('where the limit strikes, size, limit and the ways without it are named, and nothing is left', async () => {
  const small = openUploadDesk({ ...intake, limitBytes: 100_000_000 })
  const before = await state.db.selectFrom('upload').select('id').execute()
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': '5000000000', 'upload-metadata': 'filename YS50YXI=' }
  await expect(
    small.handle(new Request(`http://localhost${uploadsPath}`, { method: 'POST', headers }), ann),
  ).rejects.toMatchObject({
    code: 'UPLOAD_TOO_LARGE',
    message: 'Cannot take "a.tar": it has 5.0 GB, and this installation takes up to 100.0 MB',
    hint: expect.stringContaining('git push'),
  })
  expect(await state.db.selectFrom('upload').select('id').execute()).toEqual(before)
  expect(() => requireBelowLimit({ limitBytes: null }, 1e15, 'x')).not.toThrow()
})

test('a second request for the same upload pushes the first one out and goes on where that ended', async () => {
  const id = await begin(200_000)
  let stop: () => void = () => {}
  const hanging = new ReadableStream({
    start(controller) {
      controller.enqueue(content.subarray(0, 100_000))
      stop = () => controller.close()
    },
  })
  const first = send(id, 0, hanging)
  while (statSync(intakePath(intake, id), { throwIfNoEntry: false })?.size !== 100_000) await sleep(5)
  const offset = await offsetOf(id)
  const second = await send(id, offset, content.subarray(offset, 200_000))
  expect(second.headers.get('upload-offset')).toBe('200000')
  stop()
  await first.catch(() => {})
  expect(readFileSync(intakePath(intake, id)).equals(content.subarray(0, 200_000))).toBe(true)
})

test('locks are given in the order in which they were asked for', async () => {
  const locks = new UploadLocks()
  const order: number[] = []
  await Promise.all(
    [1, 2, 3].map((number) =>
      locks.during('x', async () => {
        order.push(number)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(number)
      }),
    ),
  )
  expect(order).toEqual([1, 1, 2, 2, 3, 3])
})

test('after a day what nobody uses is removed; at the start also what has no row', async () => {
  const later = new Date(Date.now() + uploadLifeMs + 60_000)
  const [left, used, freed] = [await begin(5), await begin(5), await begin(5)]
  for (const id of [left, used, freed]) {
    await send(id, 0, 'hello')
    await desk.finish(id, sha256(Buffer.from('hello')), ann)
  }
  for (const [id, workflow, running] of [
    [used, 'OPEN', 'running'],
    [freed, 'ENDED', 'failed'],
  ] as const) {
    await state.db
      .insertInto('workflow')
      .values({ id: workflow, kind: 'import', actor: json(ann), input: json({}), state: running })
      .execute()
    await holdUpload(intake, id, workflow)
  }
  await expect(holdUpload(intake, used, 'ANOTHER')).rejects.toMatchObject({ code: 'WORKFLOW_BUSY' })
  expect((await holdUpload(intake, freed, 'ANOTHER')).id).toBe(freed)
  writeFileSync(join(intake.directory, 'garbage'), '')
  await sweepIntake(intake, { atStart: false }, later)
  expect(readdirSync(intake.directory).toSorted()).toEqual([used, 'garbage'].toSorted())
  await sweepIntake(intake, { atStart: true }, later)
  expect(readdirSync(intake.directory)).toEqual([used])
})
