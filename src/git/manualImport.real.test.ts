// Follows docs/manual-import.md word by word: its shell blocks are run as they stand there.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { childEnd, startChild } from '../base/spawn.ts'
import { commitTree } from './commitTree.ts'
import { exportTree } from './exportTree.ts'
import { findCommit } from './refs.ts'
import { serveRepository, type TestServer } from './httpServer.suite.ts'
import type { SiteRepository } from './siteRepository.ts'
import { author, entriesOf, makePlace, userEnvironment, userGit } from './testing.suite.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/manual-import.md'), 'utf8')

/** The shell block below a heading. */
function blockOf(heading: string): string {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))
  const block = /^```sh\n(.*?)^```/ms.exec(section ?? '')?.[1]
  if (block === undefined) throw new Error(`docs/manual-import.md has no commands below "${heading}"`)
  return block
}

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
let server: TestServer
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
  server = await serveRepository(repository)
  const old = join(place.base, 'old')
  mkdirSync(old)
  userGit(old, ['init', '-q', '-b', 'main'])
  for (const [name, content] of [
    ['old.txt', 'old'],
    ['index.php', 'of the old site'],
  ] as const) {
    writeFileSync(join(old, name), content)
    userGit(old, ['add', '.'])
    userGit(old, ['commit', '-q', '-m', `old ${name}`])
  }
  userGit(old, ['tag', 'v1'])
})
afterEach(async () => {
  await server.close()
  place.remove()
})

/** Runs the blocks below the headings in a new directory. */
async function follow(...headings: string[]): Promise<{ code: number | null; words: string }> {
  const directory = mkdtempSync(join(place.base, 'desk-'))
  const env = { ...userEnvironment(), CAIRN_GIT_URL: server.url, OLD_GIT_URL: join(place.base, 'old') }
  const child = startChild('bash', ['-ec', headings.map(blockOf).join('')], { cwd: directory, env })
  let words = ''
  child.stdout?.on('data', (part: Buffer) => void (words += part.toString()))
  child.stderr?.on('data', (part: Buffer) => void (words += part.toString()))
  const { code } = await childEnd(child)
  await server.settled()
  return { code, words }
}

const madeOfArchives = (): Promise<unknown> =>
  commitTree(repository, { entries: entriesOf({ 'index.php': 'of Cairn', 'new.txt': 'new' }), message: 'Imported', author })

/** What dev would show. */
async function code(): Promise<Record<string, string>> {
  const out = join(place.base, 'out')
  const files: Record<string, string> = {}
  await exportTree(repository, await findCommit(repository, 'master'), out, {
    onEntry: ({ path }) => void (files[path.toString()] = readFileSync(join(out, path.toString()), 'utf8')),
  })
  return files
}
const messages = (): string[] => userGit(repository.directory, ['log', '--format=%s', 'master']).trim().split('\n')

test('an existing repository goes into an empty site, with its tags', async () => {
  expect(await follow('An existing repository into an empty site')).toMatchObject({ code: 0 })
  expect(await code()).toEqual({ 'index.php': 'of the old site', 'old.txt': 'old' })
  expect(messages()).toEqual(['old index.php', 'old old.txt'])
  expect(userGit(repository.directory, ['tag'])).toBe('v1\n')
})

const joins: Record<string, Record<string, string>> = {
  'Keep the code as Cairn has it': { 'index.php': 'of Cairn', 'new.txt': 'new' },
  'Keep the code of both': { 'index.php': 'of Cairn', 'new.txt': 'new', 'old.txt': 'old' },
  'Keep the code of the old repository': { 'index.php': 'of the old site', 'old.txt': 'old' },
}

for (const [heading, files] of Object.entries(joins)) {
  test(`an old history is joined to a new site: ${heading}`, async () => {
    await madeOfArchives()
    expect(await follow('An old history below a new site', heading)).toMatchObject({ code: 0 })
    expect(await code()).toEqual(files)
    expect(messages()).toHaveLength(4)
    expect(messages()).toEqual(expect.arrayContaining(['Imported', 'old index.php', 'old old.txt']))
    userGit(repository.directory, ['fsck', '--strict'])
  })
}

test('the new history is thrown away only where a forced push is allowed', async () => {
  await madeOfArchives()
  expect(await follow('Throwing the new history away')).toMatchObject({ code: 1 })
  expect(messages()).toEqual(['Imported'])
  server.options.allowForce = true
  expect(await follow('Throwing the new history away')).toMatchObject({ code: 0 })
  expect(messages()).toEqual(['old index.php', 'old old.txt'])
})
