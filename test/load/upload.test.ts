import { execFile } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tarHeader } from '../../src/archive/tarHeader.ts'
import type { UploadView } from '../../src/contract/uploadSchemas.ts'
import { type House, startHouse } from '../e2e/house.ts'

const sizeBytes = process.env['CAIRN_SOAK'] === undefined ? 300e6 : 5e9
const memoryMaxMb = 400
let directory: string
let archive: string
let sha256: string
let files: number
let house: House
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-upload-'))
  chmodSync(directory, 0o711) // PostgreSQL's account passes it
  archive = join(directory, 'files.tar')
  ;({ sha256, files } = makeArchive(archive))
  house = await startHouse({ directory })
})
afterAll(async () => {
  await house?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** A tar of files that hold no two bytes alike: nothing to pack, nothing that is there already. */
function makeArchive(path: string): { sha256: string; files: number } {
  const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16))
  const hash = createHash('sha256')
  const fd = openSync(path, 'wx')
  const write = (bytes: Uint8Array): void => {
    hash.update(bytes)
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
  }
  const prefix = Buffer.from('files_dev/')
  const entry = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, target: Buffer.alloc(0) }
  write(tarHeader({ ...entry, path: Buffer.alloc(0), kind: 'directory', sizeBytes: 0 }, prefix))
  let count = 0
  const sizes = [3_000, 200_000, 1_500_000, 30_000_000]
  for (let done = 0; done < sizeBytes; count++) {
    const bytes = sizes[count % sizes.length] as number
    write(tarHeader({ ...entry, path: Buffer.from(`2024/${count}.jpg`), kind: 'file', sizeBytes: bytes }, prefix))
    for (let at = 0; at < bytes; at += 4_000_000) write(stream.update(Buffer.alloc(Math.min(4_000_000, bytes - at))))
    write(Buffer.alloc((512 - (bytes % 512)) % 512))
    done += bytes
  }
  write(Buffer.alloc(1024))
  closeSync(fd)
  return { sha256: hash.digest('hex'), files: count }
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

test(`an archive of ${sizeBytes / 1e6} MB arrives through an upload that is cut three times, once by kill -9 of the server`, async () => {
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
  expect(Math.max(...peaks)).toBeLessThan(memoryMaxMb)
  expect(readdirSync(join(house.data, 'intake'))).toEqual([address.split('/').at(-1)])

  const stored = join(house.data, 'intake', address.split('/').at(-1) ?? '')
  const child = join(import.meta.dirname, 'intake.child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, stored], { maxBuffer: 1e7 })
  const read = JSON.parse(stdout) as { seconds: number; megabytes: number; entries: number; rawBytes: number }
  console.log(
    `server ${peaks.map(Math.round).join(' and ')} MB; reading ${Math.round(read.megabytes)} MB of memory, ${read.seconds.toFixed(1)} s`,
  )
  expect(read).toMatchObject({ entries: files + 2 })
  expect(read.megabytes).toBeLessThan(memoryMaxMb)
}, 3_600_000)
