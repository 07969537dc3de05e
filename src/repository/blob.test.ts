import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blobHeaderBytes, inflateBlob, openBlob, readBlobHeader, sealBlob, sealBytes } from './blob.ts'
import { FragmentEncoder } from './fragment.ts'
import { blobTypes, RepositoryKeys } from './keys.ts'

const key = { repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', master: Buffer.alloc(32, 7) }
const keys = new RepositoryKeys(key)
const encoder = new FragmentEncoder({ name: 'zlib', level: 6 })

function sealed(raw: Buffer): Buffer {
  const fragment = encoder.encode(raw, true)
  const blob = Buffer.alloc(blobHeaderBytes + sealBytes + fragment.bytes.length)
  const text = {
    type: blobTypes.data,
    id: keys.chunkId(raw),
    rawLen: raw.length,
    crc: fragment.crc,
    codec: fragment.codec,
    fragment: fragment.bytes,
  }
  expect(sealBlob(keys, text, blob, 0)).toBe(blob.length)
  return blob
}

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const raw = Buffer.from(bytes)
      const blob = openBlob(keys, sealed(raw), { type: blobTypes.data, id: keys.chunkId(raw) })
      expect(inflateBlob(blob).equals(raw)).toBe(true)
      expect(blob.crc).toBe(crc32(raw))
    }),
  )
})

test('one bit that was altered anywhere, or another id, type, repository or key, does not open', () => {
  const raw = randomBytes(300)
  const blob = sealed(raw)
  for (let bit = 0; bit < blob.length * 8; bit += 3) {
    const altered = Buffer.from(blob)
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(() => openBlob(keys, altered, { type: blobTypes.data, id: keys.chunkId(raw) })).toThrow(/Cannot read/)
    expect(() => openBlob(keys, altered, null)).toThrow(/Cannot read/)
  }
  expect(() => openBlob(keys, blob, { type: blobTypes.page, id: keys.chunkId(raw) })).toThrow(/another blob/)
  expect(() => openBlob(keys, blob, { id: keys.chunkId(Buffer.from('else')) })).toThrow(/another blob/)
  const other = new RepositoryKeys({ ...key, repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZY' })
  expect(() => openBlob(other, blob, null)).toThrow(/seal/)
  expect(() => openBlob(new RepositoryKeys({ ...key, master: Buffer.alloc(32, 8) }), blob, null)).toThrow(/seal/)
})

test('random bytes are never a blob', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (bytes) => void expect(() => openBlob(keys, Buffer.from(bytes), null)).toThrow(/Cannot read/),
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.concat([Buffer.from('CAIRNBLB\x01\x01\x01'), Buffer.from(bytes)])
      expect(() => openBlob(keys, text, null)).toThrow(/Cannot read/)
    }),
  )
})

test('golden: keys, ids and the clear header are as they were first written', () => {
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const raw = Buffer.from('golden')
  const header = readBlobHeader(sealed(raw))
  expect(header).toMatchObject({ type: 1, generation: 1, id: keys.chunkId(raw) })
  expect({
    chunkId: keys.chunkId(raw).toString('hex', 0, 8),
    metaId: keys.metaId(blobTypes.page, raw).toString('hex', 0, 8),
    mac: keys.fragmentMac(raw).toString('hex', 0, 8),
    gear: hash(Buffer.from(keys.gear.buffer)),
    dataKey: hash(keys.sealingKey(blobTypes.data, keys.chunkId(raw), 1).export()),
    metaKey: hash(keys.sealingKey(blobTypes.page, keys.chunkId(raw), 1).export()),
    proof: keys.proofOfKey().slice(0, 16),
  }).toMatchInlineSnapshot(`
    {
      "chunkId": "60a5f76b0936a023",
      "dataKey": "1ba0e01d31de9dcc",
      "gear": "6008c06f7b7ae858",
      "mac": "c8f562ac9df9e324",
      "metaId": "89f2a7e9249abd51",
      "metaKey": "157a50c25676d0d3",
      "proof": "cf5ad52f245cf9e9",
    }
  `)
})

test('a stored blob of an earlier run opens', () => {
  const blob = Buffer.from(goldenBlob, 'base64')
  expect(inflateBlob(openBlob(keys, blob, { type: blobTypes.data, id: keys.chunkId(Buffer.from('golden')) })).toString()).toBe(
    'golden',
  )
})

const goldenBlob =
  'Q0FJUk5CTEIBAQFgpfdrCTagI/4uF+v6qGS2V8hXhXmF5710Lb7xqd9uaDUAAACmpkR7VymKKECLZew2ezGQbS1zAlHQladR79w0dr+l18XDNYqPIsDT560VN9iiYHwGy4NQ5A=='
