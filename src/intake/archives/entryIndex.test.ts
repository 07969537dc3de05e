import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { comparePaths } from '../../archive/entry.ts'
import type { StoredEntry } from '../../repository/types.ts'
import { EntryIndex } from './entryIndex.ts'

let parent: string
beforeAll(() => void (parent = mkdtempSync(join(tmpdir(), 'cairn-index-'))))
afterAll(() => rmSync(parent, { recursive: true }))

const none = Buffer.alloc(0)
function entry(path: string, change: Partial<StoredEntry> = {}): StoredEntry {
  const fixed = { uid: 0, gid: 0, user: '', group: '', mtimeNs: 0n, target: none, secret: false, linkGroup: 0, chunks: [] }
  return { path: Buffer.from(path), kind: 'file', mode: 0o644, sizeBytes: 0, ...fixed, ...change }
}
const chunk = { id: Buffer.alloc(32, 1), encMac: Buffer.alloc(32, 2), rawLen: 5, encLen: 9, crc: 7 }

test.each([[Number.MAX_SAFE_INTEGER], [2000]])(
  'entries come back in the order of manifests, as often as wanted (%d bytes a run)',
  (runBytes) => {
    const name = fc.constantFrom('a', 'b', 'a.b', 'a-b', 'A', 'é', '0')
    const paths = fc.uniqueArray(
      fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
      { maxLength: 120 },
    )
    fc.assert(
      fc.property(paths, (list) => {
        const index = new EntryIndex(parent, runBytes)
        for (const path of list) index.add(entry(path), 'entry')
        index.finish()
        const want = list.map((path) => Buffer.from(path)).toSorted(comparePaths)
        for (let round = 0; round < 2; round++)
          expect([...index.entries()].map(({ path }) => path.toString())).toEqual(want.map(String))
        index.close()
        expect(readdirSync(parent)).toEqual([])
      }),
      { numRuns: 60 },
    )
  },
)

test.each([[Number.MAX_SAFE_INTEGER], [1]])(
  'what was implied gives way, hard links become files (%d bytes a run)',
  (runBytes) => {
    const index = new EntryIndex(parent, runBytes)
    index.add(entry('d', { kind: 'directory', mode: 0o755 }), 'implied')
    index.add(entry('z', { sizeBytes: 5, chunks: [chunk], mode: 0o600 }), 'entry')
    index.add(entry('d', { kind: 'directory', mode: 0o700 }), 'entry')
    index.add(entry('d', { kind: 'directory', mode: 0o711 }), 'implied')
    index.add(entry('d/b', { kind: 'link', target: Buffer.from('z') }), 'hardLink')
    index.add(entry('d/a', { kind: 'link', target: Buffer.from('d/b') }), 'hardLink')
    index.finish()
    const found = [...index.entries()]
    expect(found.map(({ path, kind, mode, sizeBytes }) => [path.toString(), kind, mode, sizeBytes])).toEqual([
      ['d', 'directory', 0o700, 0],
      ['d/a', 'file', 0o600, 5],
      ['d/b', 'file', 0o600, 5],
      ['z', 'file', 0o600, 5],
    ])
    expect(found[1]?.chunks).toEqual([chunk])
    index.close()
    index.close()
    expect(readdirSync(parent)).toEqual([])
  },
)
