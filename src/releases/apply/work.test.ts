import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEachChange } from '../../hosts/local/changes.ts'
import { probeRename } from '../../sites/preflight/probeRename.ts'
import { makeWorkDirectory, newWorkName } from './work.ts'

let root: string
let tree: string
let victim: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-work-')))
  tree = join(root, 'tree')
  victim = join(root, 'victim')
  mkdirSync(tree)
  mkdirSync(victim)
})
afterEach(() => {
  onEachChange(null)
  rmSync(root, { recursive: true, force: true })
})

/** What who owns the tree may do between two calls of ours: the work directory becomes a link, the probe their own script. */
function exchangeOnce(when: (names: string[]) => boolean): { isDone(): boolean } {
  let isDone = false
  onEachChange(() => {
    const names = readdirSync(tree)
    const work = names.find((name) => /^\.cairn-[0-9a-f]+$/.test(name))
    if (isDone || work === undefined || !when(names)) return
    isDone = true
    renameSync(join(tree, work), join(tree, 'away'))
    symlinkSync(victim, join(tree, work))
    rmSync(join(tree, `${work}-probe`), { force: true })
    writeFileSync(join(tree, `${work}-probe`), 'theirs')
  })
  return { isDone: () => isDone }
}

const ways: [string, () => unknown][] = [
  ['a preflight', () => probeRename(tree)],
  ['a restore', () => makeWorkDirectory({ directory: tree, mtimeNs: '0' }, newWorkName())],
]

test.each(ways)('%s moves nothing to where the exchanged name of its work directory leads', (_name, work) => {
  const exchanged = exchangeOnce((names) => names.some((name) => name.endsWith('-probe')))
  try {
    work()
  } catch {
    // whether it is noticed is not what counts
  }
  expect(exchanged.isDone()).toBe(true)
  expect(readdirSync(victim)).toEqual([])
})

test.each(ways)('%s makes nothing where its work directory was exchanged before the first file', (_name, work) => {
  const exchanged = exchangeOnce(() => true)
  try {
    work()
  } catch {
    // as above
  }
  expect(exchanged.isDone()).toBe(true)
  expect(readdirSync(victim)).toEqual([])
})

test('a preflight leaves nothing behind', () => {
  const before = lstatSync(tree, { bigint: true }).mtimeNs / 1000n
  expect(probeRename(tree)).toEqual({ refusal: null, mayChown: true })
  expect(readdirSync(tree)).toEqual([])
  expect(lstatSync(tree, { bigint: true }).mtimeNs / 1000n).toBe(before)
})
