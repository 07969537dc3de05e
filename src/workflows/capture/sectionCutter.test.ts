import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { chunkClasses, chunkClassOf, cutWhole } from '../../repository/chunker.ts'
import type { ChunkRef } from '../../repository/types.ts'
import { SectionCutter } from './sectionCutter.ts'

test('sections with a class of their own are cut as files of their size are, whatever pieces they come in', async () => {
  const gear = new Int32Array(randomBytes(1024).buffer.slice(0, 1024))
  const none = Buffer.alloc(32)
  const ref = (rawLen: number): ChunkRef => ({ id: none, encMac: none, rawLen, encLen: 0, crc: 0 })
  const probes = new Set<number>()
  const cutter = new SectionCutter(gear, chunkClasses.large, 3, async (_memory, spans) => {
    const refs: ChunkRef[] = []
    for (let at = 0; at < spans.length; at += 3) {
      refs.push(ref(spans[at + 1] as number))
      probes.add(spans[at + 2] as number)
    }
    await new Promise((resolve) => setImmediate(resolve))
    return refs
  })
  for (const [length, pieceBytes] of [
    [5, 1000],
    [60_000, 1000],
    [64 << 10, 1 << 20],
    [3_000_000, 70_000],
    [66 << 20, 900_001],
    [100_000, 7],
  ] as const) {
    const bytes = Buffer.concat([randomBytes(Math.min(length, 4_000_000)), Buffer.alloc(Math.max(0, length - 4_000_000))])
    const section = cutter.begin('x', { size: chunkClassOf(length), probe: length % 2 === 0 })
    for (let at = 0; at < length; at += pieceBytes) await cutter.write(bytes.subarray(at, at + pieceBytes))
    await cutter.end()
    await cutter.flush()
    const lengths = (await Promise.all(section.parts)).flat().map(({ rawLen }) => rawLen)
    expect(lengths).toEqual(cutWhole(gear, bytes, 0, length))
  }
  expect([...probes].toSorted()).toEqual([0, 1])
})
