import { randomBytes } from 'node:crypto'
import { createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { afresh, again, type RawEngine, rawDeflater, toAByte, toTheEnd } from './zlibSync.ts'

const text = Buffer.from('one row of a dump after the other, '.repeat(3000))
const bodies = [Buffer.alloc(0), Buffer.from('a'), text, randomBytes(70_000), Buffer.alloc(300_000), text.subarray(7, 40_000)]

const run = (engine: RawEngine, bytes: Uint8Array, flush: number, room = 400_000): Buffer => {
  const to = Buffer.alloc(room)
  return to.subarray(0, engine(bytes, to, flush).written)
}

test('this Node holds what an engine that is used again takes', () => {
  expect(again(createDeflateRaw())).not.toBeNull()
  expect(again(createInflateRaw())).not.toBeNull()
  expect(again({})).toBeNull()
})

test('an engine that is used again gives what a new one gives', () => {
  for (const level of [1, 6, 9]) {
    const deflate = rawDeflater(level)
    for (const body of [...bodies, ...bodies.toReversed()]) {
      expect(run(deflate, body, toAByte).equals(run(afresh(deflateRawSync, { level }), body, toAByte))).toBe(true)
    }
    const shared = Buffer.from(new SharedArrayBuffer(text.length))
    text.copy(shared)
    expect(run(deflate, shared, toAByte).equals(run(deflate, text, toAByte))).toBe(true)
  }
})

test.each([
  ['again', again(createInflateRaw()) as RawEngine],
  ['afresh', afresh(inflateRawSync, {})],
])('an inflater (%s) tells where the stream ends, and goes on after an error', (_, inflate) => {
  const whole = deflateRawSync(text)
  for (let round = 0; round < 2; round++) {
    expect(run(inflate, whole, toTheEnd).equals(text)).toBe(true)
    expect(inflate(Buffer.concat([whole, Buffer.from('more')]), Buffer.alloc(text.length + 1), toTheEnd).consumed).toBe(
      whole.length,
    )
    expect(() => run(inflate, whole.subarray(0, whole.length - 1), toTheEnd)).toThrow()
    expect(() => run(inflate, Buffer.from('ffffffffffff', 'hex'), toTheEnd)).toThrow()
  }
})
