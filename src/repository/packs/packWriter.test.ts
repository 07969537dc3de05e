import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import { packDirectory, packPath } from '../backends/layout.ts'
import { blobTypes, newRepositoryKey, RepositoryKeys } from '../keys.ts'
import { storedFragment } from '../storedBlocks.ts'
import { decodeRecords, openFooter, recordBytes, tailBytes } from './footer.ts'
import { PackWriter } from './packWriter.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'cairn-pack-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a pack of many small blobs lists each of them, in its receipt and in its footer', async () => {
  const keys = new RepositoryKeys(newRepositoryKey(newUlid()))
  for (let n = 0; n < 256; n++) mkdirSync(join(directory, 'packs', n.toString(16).padStart(2, '0')), { recursive: true })
  const writer = new PackWriter(directory, keys, 'test')
  const ids = Array.from({ length: 1500 }, (_, n) => keys.chunkId(Buffer.from(`body ${n}`)))
  for (const [n, id] of ids.entries()) {
    const fragment = storedFragment(Buffer.from(`body ${n}`))
    writer.add({ type: blobTypes.data, id, rawLen: 6, crc: n, codec: 0, fragment }, keys.fragmentMac(fragment))
  }
  const receipt = await writer.finish()
  expect(receipt.records.length).toBe(1500 * recordBytes)
  const records = decodeRecords(receipt.records)
  expect(records.map(({ id }) => id.toString('hex'))).toEqual(ids.map((id) => id.toString('hex')))
  expect(records.map(({ crc }) => crc)).toEqual(ids.map((_, n) => n))

  expect(packPath(directory, receipt.name).startsWith(packDirectory(directory, receipt.name))).toBe(true)
  const pack = readFileSync(packPath(directory, receipt.name))
  const footerBytes = pack.readUInt32LE(pack.length - tailBytes)
  const footer = pack.subarray(pack.length - tailBytes - footerBytes, pack.length - tailBytes)
  expect(openFooter(keys, receipt.name, footer)).toEqual(records)
})
