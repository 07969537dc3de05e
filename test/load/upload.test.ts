import { createCipheriv, createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tarHeader } from '../../src/archive/tarHeader.ts'
import type { UploadView } from '../../src/contract/uploadSchemas.ts'
import type { Started, WorkflowView } from '../../src/contract/workSchemas.ts'
import { chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { type House, startHouse } from '../e2e/house.ts'
import { freePort } from '../servers/ports.ts'
import { layCode, packTree } from './managed/labSite.ts'
import { findCurrent } from './managed/lookAt.ts'

const sizeBytes = process.env['CAIRN_SOAK'] === undefined ? 300e6 : 5e9
const memoryMaxMb = 400
let directory: string
let archive: string
let sha256: string
/** Path and size of each file */
let files: [string, number][]
let house: House
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-upload-'))
  chmodSync(directory, 0o711) // PostgreSQL's account passes it
  archive = join(directory, 'files.tar')
  ;({ sha256, files } = makeArchive(archive))
  house = await startHouse({ directory, env: { CAIRN_GATEWAY_LISTEN: `127.0.0.1:${await freePort()}` } })
})
afterAll(async () => {
  await house?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** A tar of files that hold no two bytes alike: nothing to pack, nothing that is there already. */
function makeArchive(path: string): { sha256: string; files: [string, number][] } {
  const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16))
  const hash = createHash('sha256')
  const fd = openSync(path, 'wx')
  const write = (bytes: Uint8Array): void => {
    hash.update(bytes)
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
  }
  for (const head of heads()) write(head)
  const made: [string, number][] = []
  const sizes = [3_000, 200_000, 1_500_000, 30_000_000]
  for (let done = 0; done < sizeBytes;) {
    const bytes = sizes[made.length % sizes.length] as number
    const name = `2024/${made.length}.jpg`
    made.push([name, bytes])
    write(headOf(name, bytes))
    for (let at = 0; at < bytes; at += 4_000_000) write(stream.update(Buffer.alloc(Math.min(4_000_000, bytes - at))))
    write(Buffer.alloc((512 - (bytes % 512)) % 512))
    done += bytes
  }
  write(Buffer.alloc(1024))
  closeSync(fd)
  return { sha256: hash.digest('hex'), files: made }
}

const prefix = Buffer.from('files_dev/')
const entry = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, target: Buffer.alloc(0) }

function heads(): Buffer[] {
  return [tarHeader({ ...entry, path: Buffer.alloc(0), kind: 'directory', sizeBytes: 0 }, prefix)]
}

function headOf(name: string, sizeInBytes: number): Buffer {
  return tarHeader({ ...entry, path: Buffer.from(name), kind: 'file', sizeBytes: sizeInBytes }, prefix)
}

/** Sends until `stopAt` bytes went out or the connection breaks; gives the address of the upload. */
async function send(url: string | null, stopAt: number, onStop: () => Promise<void> = async () => {}): Promise<string> {
  let address = url
  await new Promise<void>((resolve, reject) => {
    let stopping = false
    const upload = new Upload(createReadStream(archive), {
      endpoint: `${house.url}/v1/uploads`,
      uploadUrl: url,
      uploadSize: statSync(archive).size,
      chunkSize: 1 << 30,
      headers: { authorization: `Bearer ${readFileSync(join(house.data, 'token'), 'utf8').trim()}` },
      metadata: { filename: 'files.tar', sha256 },
      retryDelays: null,
      onUploadUrlAvailable: () => void (address = upload.url),
      onProgress: (sent) => {
        if (sent < stopAt || stopping) return
        stopping = true
        onStop()
          .then(() => upload.abort())
          .then(resolve, reject)
      },
      onSuccess: () => resolve(),
      onError: (error) => (stopping ? undefined : reject(error)),
    })
    upload.start()
  })
  return address ?? ''
}

const view = async (address: string): Promise<UploadView> =>
  (await house.api<UploadView>('GET', new URL(address, house.url).pathname)).body
const peakMb = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test(`an archive of ${sizeBytes / 1e6} MB becomes the files of a site through an upload that is cut three times, once by kill -9 of the server`, async () => {
  await makeSite()
  const intake = (): string[] => readdirSync(join(house.data, 'intake')).toSorted()
  const before = intake()
  let address: string | null = null
  let last = 0
  const peaks: number[] = []
  for (const [part, kill] of [
    [0.2, false],
    [0.45, true],
    [0.7, false],
  ] as const) {
    address = await send(address, sizeBytes * part, async () => {
      if (!kill) return
      peaks.push(peakMb(house.pid()))
      await house.kill()
      await house.start()
    })
    let now = await view(address)
    for (const end = Date.now() + 60_000; now.offsetBytes <= last && Date.now() < end; now = await view(address)) await sleep(50)
    expect(now).toMatchObject({ state: 'receiving', sha256: null })
    expect(now.offsetBytes).toBeGreaterThan(last)
    last = now.offsetBytes
  }
  address = await send(address, Infinity)
  expect(await view(address)).toMatchObject({ state: 'ready', sha256, fileName: 'files.tar' })
  peaks.push(peakMb(house.pid()))
  const id = address.split('/').at(-1) ?? ''
  expect(intake()).toEqual([...before, id].toSorted())

  const begun = performance.now()
  await work('/v1/sites/large/environments/dev/import', { element: 'files', from: { upload: id } })
  peaks.push(peakMb(house.pid()))
  console.log(`server ${peaks.map(Math.round).join(', ')} MB; the import ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  const tree = findCurrent(join(house.data, 'sites/large/dev'))?.files ?? ''
  expect(await sumOf(tree)).toBe(sha256)
  expect(intake()).toEqual([...before, id].toSorted()) // nothing in work is left beside it
  expect(Math.max(...peaks)).toBeLessThan(memoryMaxMb)
}, 3_600_000)

/** A small site that the files go into. */
async function makeSite(): Promise<void> {
  const [code, packed] = [join(directory, 'code'), join(directory, 'code.tar.gz')]
  mkdirSync(code)
  layCode(chanceOf(1), code, 'code 1')
  await packTree(code, 'code', packed)
  const { code: exit, stdout, stderr } = await house.cairn('site:create', 'large', `--code=${packed}`)
  if (exit !== 0) throw new Error(stdout + stderr)
}

async function work(path: string, body: object): Promise<void> {
  const started = await house.api<Started>('POST', path, body)
  const { id } = started.body.workflow
  for (;;) {
    const { body: found } = await house.api<WorkflowView>('GET', `/v1/workflows/${id}/wait?seconds=30`)
    if (found.state === 'queued' || found.state === 'running') continue
    expect(found.state, JSON.stringify(found)).toBe('succeeded')
    return
  }
}

/** Of the archive that this tree would make, by the same hand: every file is there with every byte. */
async function sumOf(tree: string): Promise<string> {
  const hash = createHash('sha256')
  for (const head of heads()) hash.update(head)
  for (const [name, bytes] of files) {
    hash.update(headOf(name, bytes))
    for await (const piece of createReadStream(join(tree, name))) hash.update(piece as Buffer)
    hash.update(Buffer.alloc((512 - (bytes % 512)) % 512))
  }
  return hash.update(Buffer.alloc(1024)).digest('hex')
}
