// What the tests of an apply share: a tree, a model of what it shall become, and the apply itself.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { onEachChange } from '../../hosts/local/changes.ts'
import { playForward } from './play.ts'
import { prepareApply, refreshApply } from './prepare.ts'
import { optionsFrom } from './randomTree.suite.ts'
import { newWorkName } from './work.ts'

export interface Trees {
  base: string
  tree: string
  model: string
}

/** Gives each test of a file a tree and a model of its own, both empty. */
export function useEachTrees(take: (trees: Trees) => void): void {
  let base = ''
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'cairn-apply-'))
    const trees = { base, tree: join(base, 'tree'), model: join(base, 'model') }
    mkdirSync(trees.tree)
    mkdirSync(trees.model)
    take(trees)
  })
  afterEach(() => {
    onEachChange(null)
    rmSync(base, { recursive: true, force: true })
  })
}

/** Writes files; a name that ends in `/` is a directory. */
export function put(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(path, text)
  }
}

export function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !path.includes('.cairn-')) found[path.slice(directory.length + 1)] = readFileSync(path, 'utf8')
  }
  return found
}

export async function apply(parts: Parameters<typeof optionsFrom>[0], run = quietRun()): Promise<string> {
  const options = optionsFrom(parts, newWorkName(), run)
  const plan = await prepareApply(options)
  await refreshApply(options, plan)
  await playForward(plan.home, options)
  return plan.home
}
