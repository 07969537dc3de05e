import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { apply, contents, put, useEachTrees } from '../../releases/apply/apply.suite.ts'
import { partFrom } from '../../releases/apply/randomTree.suite.ts'
import { playBack } from '../../releases/apply/play.ts'
import type { Environment } from '../../sites/environment.ts'
import { dropTakenBack } from './changeEnvironment.ts'

let base = ''
let tree = ''
let model = ''
useEachTrees((trees) => void ({ base, tree, model } = trees))

const drop = (home: string): Promise<void> =>
  dropTakenBack(
    { appliesDirectory: base },
    { database: null, adminDatabase: null } as unknown as Environment,
    { id: 'change', home, database: false },
    quietRun(),
  )

test('a failed change that went all the way back leaves nothing; one that is applied is not touched', async () => {
  put(tree, { 'a.php': 'old', 'gone.php': 'old' })
  put(model, { 'a.php': 'new', 'new.php': 'new' })
  const home = await apply([partFrom(tree, model)])
  await drop(home)
  expect(existsSync(home)).toBe(true)
  await playBack(home)
  await drop(home)
  expect(readdirSync(tree).sort()).toEqual(['a.php', 'gone.php'])
  await drop(home) // again, after a crash
})

test('what the site made while a change failed is not deleted with it', async () => {
  put(tree, { 'gone.php': 'old' })
  const home = await apply([partFrom(tree, model)])
  writeFileSync(join(tree, 'gone.php'), 'made meanwhile')
  await playBack(home)
  await drop(home)
  expect(contents(tree)).toEqual({ 'gone.php': 'old' })
  expect(readdirSync(join(home, 'out'))).toEqual(['0.late0'])
})
