import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { childEnd, startChild } from '../base/spawn.ts'
import { commitTree } from './commitTree.ts'
import { tagDeploy } from './deployTags.ts'
import { gitService } from './httpBackend.ts'
import { serveRepository, type TestServer } from './httpServer.suite.ts'
import { moveRefs } from './refs.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'
import { author, entriesOf, makePlace, userEnvironment, userGit } from './testing.suite.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
let server: TestServer
let work = ''
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
  server = await serveRepository(repository)
  work = join(place.base, 'work')
  mkdirSync(work)
  userGit(work, ['init', '-q', '-b', 'master'])
  userGit(work, ['remote', 'add', 'cairn', server.url])
})
afterEach(async () => {
  await server.close()
  place.remove()
})

/** git over the network: without blocking the server, which lives in this process. */
async function client(args: string[], directory = work): Promise<{ code: number | null; text: string }> {
  const child = startChild('git', args, { cwd: directory, env: userEnvironment() })
  let text = ''
  child.stdout?.on('data', (part: Buffer) => void (text += part.toString()))
  child.stderr?.on('data', (part: Buffer) => void (text += part.toString()))
  const { code } = await childEnd(child)
  await server.settled()
  return { code, text }
}

function commitFile(name: string, text: string): string {
  writeFileSync(join(work, name), text)
  userGit(work, ['add', '.'])
  userGit(work, ['commit', '-q', '-m', `${name} ${text}`])
  return userGit(work, ['rev-parse', 'HEAD']).trim()
}

const refsHere = (): string => userGit(repository.directory, ['for-each-ref', '--format=%(refname) %(objectname)'])

/** One request as a program makes it. */
function ask(
  method: string,
  path: string,
  body: Buffer = Buffer.alloc(0),
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}/${path}`, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (part: string) => void (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

test('a push says which refs changed, and a clone gives it back', async () => {
  const first = commitFile('a.txt', '1')
  expect(await client(['push', 'cairn', 'master', 'master:refs/heads/side'])).toMatchObject({ code: 0 })
  expect(server.answers.at(-1)).toEqual({
    status: 200,
    service: 'git-receive-pack',
    failure: null,
    changes: [
      { ref: defaultBranch, before: null, after: first },
      { ref: 'refs/heads/side', before: null, after: first },
    ],
  })
  const second = commitFile('a.txt', '2')
  await client(['push', 'cairn', 'master', ':side'])
  expect(server.answers.at(-1)?.changes.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))).toEqual([
    { ref: defaultBranch, before: first, after: second },
    { ref: 'refs/heads/side', before: first, after: null },
  ])
  expect(await client(['clone', '-q', server.url, 'copy'], place.base)).toEqual({ code: 0, text: '' })
  expect(readFileSync(join(place.base, 'copy/a.txt'), 'utf8')).toBe('2')
  expect(await client(['clone', '-q', '--depth=1', server.url, 'thin'], place.base)).toMatchObject({
    code: 0,
  })
  expect(userGit(join(place.base, 'thin'), ['rev-list', '--count', 'HEAD'])).toBe('1\n')
})

test('history is rewritten only where a forced push is allowed', async () => {
  commitFile('a.txt', '1')
  const second = commitFile('a.txt', '2')
  await client(['push', 'cairn', 'master'])
  userGit(work, ['reset', '-q', '--hard', 'HEAD~1'])
  const other = commitFile('a.txt', '3')
  const refused = await client(['push', '--force', 'cairn', 'master'])
  expect(refused.code).toBe(1)
  expect(refused.text).toContain('non-fast-forward')
  expect(server.answers.at(-1)).toMatchObject({ changes: [], failure: null })
  expect(refsHere()).toBe(`refs/heads/master ${second}\n`)
  server.options.allowForce = true
  expect(await client(['push', '--force', 'cairn', 'master'])).toMatchObject({ code: 0 })
  expect(server.answers.at(-1)?.changes).toEqual([{ ref: defaultBranch, before: second, after: other }])
  // the branch that dev follows is never deleted
  expect((await client(['push', 'cairn', ':master'])).text).toContain('refusing to delete the current branch')
})

test('what Cairn keeps for itself is neither shown nor touched; the rest of the push happens', async () => {
  const old = (await commitTree(repository, { entries: entriesOf({ secret: 'password' }), message: 'm', author })).commit
  await moveRefs(repository, [
    { ref: 'refs/cairn/undo/01X', from: null, to: old },
    { ref: defaultBranch, from: old, to: null },
  ])
  const first = commitFile('a.txt', '1')
  await client(['push', 'cairn', 'master'])
  await tagDeploy(repository, { environment: 'live', commit: first, note: 'n', tagger: author })
  expect((await client(['ls-remote', 'cairn'])).text).not.toContain('refs/cairn')
  // by its id it is not given away either, in no version of the protocol
  for (const version of ['0', '1', '2']) {
    const fetched = await client(['-c', `protocol.version=${version}`, 'fetch', 'cairn', old])
    expect(fetched.text).toMatch(/not our ref|unadvertised/)
  }
  const second = commitFile('a.txt', '2')
  const refspecs = [
    'refs/cairn/undo/01X',
    'refs/cairn/new',
    'refs/notes/x',
    'refs/replace/x',
    'refs/tags/cairn_live_1',
    'refs/tags/cairn_live_2',
  ]
  const pushed = await client([
    'push',
    '--force',
    'cairn',
    'master',
    'master:refs/tags/v2',
    ...refspecs.map((ref) => `master:${ref}`),
  ])
  expect(pushed.code).toBe(1)
  for (const ref of refspecs) expect(pushed.text).toMatch(new RegExp(`rejected\\] .*${ref.split('/').at(-1)}`))
  expect(server.answers.at(-1)?.changes).toEqual([
    { ref: defaultBranch, before: first, after: second },
    { ref: 'refs/tags/v2', before: null, after: second },
  ])
  expect(refsHere()).not.toMatch(/refs\/(notes|replace|cairn\/new)|cairn_live_2/)
})

test('the caller decides who may read and who may write', async () => {
  commitFile('a.txt', '1')
  server.options.services = new Set(['git-upload-pack'])
  expect((await client(['push', 'cairn', 'master'])).text).toContain('403')
  expect(refsHere()).toBe('')
  expect((await client(['ls-remote', 'cairn'])).code).toBe(0)
  server.options.services = new Set()
  expect((await client(['ls-remote', 'cairn'])).text).toContain('403')
  expect(gitService('POST', 'git-receive-pack', '')).toBe('git-receive-pack')
  expect(gitService('GET', 'info/refs', 'service=git-upload-archive')).toBeNull()
})

test('only the three addresses of git are answered', async () => {
  commitFile('a.txt', '1')
  await client(['push', 'cairn', 'master'])
  for (const path of ['HEAD', 'config', 'info/refs', 'objects/info/packs', 'git-upload-archive', '../x', 'info/refs?service=x']) {
    expect(await ask('GET', path), path).toMatchObject({ status: 404 })
  }
  expect(await ask('POST', 'git-receive-pack', Buffer.from('zzzz'))).toMatchObject({ status: 400 })
  const encoded = { 'content-encoding': 'br', 'content-type': 'application/x-git-upload-pack-request' }
  expect(await ask('POST', 'git-upload-pack', Buffer.from('x'), encoded)).toMatchObject({ status: 415 })
})

test('a gzip body is read; a command that would unhide refs does not', async () => {
  const first = commitFile('a.txt', '1')
  await client(['push', 'cairn', 'master'])
  await moveRefs(repository, [{ ref: 'refs/cairn/undo/01X', from: null, to: first }])
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text
  const type = { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' }
  const fetched = await ask('POST', 'git-upload-pack', gzipSync(`${line(`want ${first}\n`)}0000${line('done\n')}`), type)
  expect(fetched).toMatchObject({ status: 200 })
  expect(fetched.body).toContain('PACK')
  const zero = '0'.repeat(40)
  const commands = [`${first} ${zero} refs/cairn/undo/01X\0report-status`, `${first} ${zero} !refs/cairn/undo/01X`]
  const pushType = { 'content-type': 'application/x-git-receive-pack-request' }
  await ask('POST', 'git-receive-pack', Buffer.from(`${commands.map(line).join('')}0000`), pushType)
  expect(refsHere()).toContain('refs/cairn/undo/01X')
})

test('what fsck objects to is refused with its words', async () => {
  const blob = userGit(work, ['hash-object', '-w', '--stdin'], { input: 'x' }).trim()
  const entry = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')])
  const tree = userGit(work, ['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], { input: entry }).trim()
  userGit(work, ['update-ref', 'refs/heads/evil', userGit(work, ['commit-tree', tree, '-m', 'x']).trim()])
  const pushed = await client(['push', 'cairn', 'evil'])
  expect(pushed.text).toMatch(/hasDotgit/)
  expect(refsHere()).toBe('')
  expect(readdirSync(join(repository.directory, 'objects')).filter((name) => name.startsWith('tmp'))).toEqual([])
})

test('a push that breaks off, or stops moving, changes nothing and leaves nothing', async () => {
  const first = commitFile('a.txt', '1')
  await client(['push', 'cairn', 'master'])
  const second = commitFile('b.txt', 'x'.repeat(1000))
  const pack = Buffer.from(
    userGit(work, ['pack-objects', '--revs', '--stdout', '-q'], { input: `${second}\n^${first}\n` }),
    'latin1',
  )
  const command = `${first} ${second} refs/heads/master\0report-status side-band-64k`
  const begin = Buffer.concat([
    Buffer.from((command.length + 4).toString(16).padStart(4, '0') + command + '0000'),
    pack.subarray(0, 60),
  ])
  const seen = server.answers.length
  server.options.idleMs = 300
  for (const how of ['destroy', 'wait'] as const) {
    const request = httpRequest(`${server.url}/git-receive-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-receive-pack-request' },
    })
    request.on('error', () => {})
    request.write(begin)
    if (how === 'destroy') setTimeout(() => request.destroy(), 100)
  }
  await expect.poll(() => server.answers.length, { timeout: 20_000 }).toBe(seen + 2)
  expect(server.answers.slice(seen).map(({ changes }) => changes)).toEqual([[], []])
  expect(refsHere()).toBe(`refs/heads/master ${first}\n`)
  expect(readdirSync(join(repository.directory, 'objects')).filter((name) => name.startsWith('tmp'))).toEqual([])
})
