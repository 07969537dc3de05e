// Committed archives promise their length and their ETag, so these bytes are for ever. A vector that fails means: bring the
// old bytes back, or add a new encoder under a new GLUE_VERSION. The glue of the vectors was made by another implementation.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { EntryKind } from './entry.ts'
import { encodeGlue, GLUE_VERSION, glueLengthMax } from './glue.ts'
import { gzipHeader, gzipTrailer } from './gzip.ts'
import { tarHeader } from './tarHeader.ts'

interface GlueVector {
  test: 'glue'
  name: string
  plain: string
  glue: string
}

interface HeaderVector {
  test: 'header'
  padIn: number
  prefix: string
  path: string
  kind: EntryKind
  mode: number
  uid: number
  gid: number
  mtimeNs: string
  sizeBytes: number
  target: string
  header: string
  glueBytes: number
  glueSha256: string
}

const vectors = readFileSync(join(import.meta.dirname, 'fixtures/golden.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as GlueVector | HeaderVector)

test('there are 500 golden vectors for version 1', () => {
  expect(GLUE_VERSION).toBe(1)
  expect(vectors.length).toBe(500)
})

test('encodeGlue() gives the golden bytes', () => {
  for (const vector of vectors) {
    if (vector.test !== 'glue') continue
    expect(encodeGlue(unfold(vector.plain)).toString('hex'), vector.name).toBe(vector.glue)
  }
})

test('tarHeader() gives the golden blocks, and their glue the golden length and hash', () => {
  for (const vector of vectors) {
    if (vector.test !== 'header') continue
    const entry = {
      ...vector,
      path: Buffer.from(vector.path),
      target: Buffer.from(vector.target),
      mtimeNs: BigInt(vector.mtimeNs),
    }
    const header = tarHeader(entry, Buffer.from(vector.prefix))
    expect(header.toString('hex'), vector.path).toBe(unfold(vector.header).toString('hex'))
    const plain = Buffer.concat([Buffer.alloc(vector.padIn), header])
    const glue = encodeGlue(plain)
    expect(glue.length).toBe(vector.glueBytes)
    expect(glue.length).toBeLessThanOrEqual(glueLengthMax(plain.length))
    expect(hash('sha256', glue, 'hex').slice(0, 32)).toBe(vector.glueSha256)
    expect(inflateRawSync(glue, { finishFlush: constants.Z_SYNC_FLUSH }).equals(plain)).toBe(true)
  }
})

test('the ends of every archive are these bytes', () => {
  expect(gzipHeader.toString('hex')).toBe('1f8b08000000000000ff')
  expect(gzipTrailer(0x01020304, 0x1_0000_0005).toString('hex')).toBe('03000403020105000000')
})

/** Vectors write runs as `00*512`. */
function unfold(text: string): Buffer {
  const parts = text.split(' ').map((part) => {
    const [hex = '', count] = part.split('*')
    return count === undefined ? Buffer.from(hex, 'hex') : Buffer.alloc(Number(count), Number.parseInt(hex, 16))
  })
  return Buffer.concat(parts)
}
