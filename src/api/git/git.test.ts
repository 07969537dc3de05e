import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAudit } from '../../access/audit.ts'
import { childEnd, startChild } from '../../base/spawn.ts'
import type { RefChange } from '../../git/httpBackend.ts'
import { createSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import { userEnvironment, userGit } from '../../git/testing.suite.ts'
import { startTestApi, type TestApi } from '../testing.suite.ts'

const base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-api-git-')))
const work = join(base, 'work')
const pushed: { site: string; changes: RefChange[] }[] = []
let repository: SiteRepository
let api: TestApi
let isLost = false

beforeAll(async () => {
  repository = await createSiteRepository(join(base, 'repository.git'))
  api = await startTestApi({
    git: {
      find: async (site) => (site === 'my-shop' ? { repository, allowForce: false } : null),
      async pushed(site, changes) {
        if (isLost) throw new Error('the queue was away')
        pushed.push({ site, changes })
      },
    },
  })
  mkdirSync(work)
  userGit(work, ['init', '-q', '-b', 'master'])
})
afterAll(async () => {
  await api.stop()
  rmSync(base, { recursive: true })
})

/** git with a password, as a person has it. */
async function git(args: string[], password: string = api.token): Promise<{ code: number | null; text: string }> {
  const env = { ...userEnvironment(), GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'credential.helper', GIT_CONFIG_VALUE_0: '' }
  const child = startChild('git', args, { cwd: work, env: { ...env, PASSWORD: password, GIT_ASKPASS: askpass() } })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => void (text += part.toString()))
  return { code: (await childEnd(child)).code, text }
}

function askpass(): string {
  const path = join(base, 'askpass')
  writeFileSync(path, '#!/bin/sh\necho "$PASSWORD"\n', { mode: 0o755 })
  return path
}

const urlOf = (site: string): string => `${api.url}/git/${site}.git`

function commitFile(name: string, content: string | Buffer): string {
  writeFileSync(join(work, name), content)
  userGit(work, ['add', '.'])
  userGit(work, ['commit', '-q', '-m', name])
  return userGit(work, ['rev-parse', 'HEAD']).trim()
}

async function rows(): Promise<object[]> {
  const all = await listAudit(api.db, 100)
  return all
    .filter(({ action }) => action.startsWith('code.'))
    .map(({ action, subject, result, details }) => ({ action, subject, result, details }))
}

test('a machine token clones and pushes; each push and each fetch has its row, and what moved is told', async () => {
  const first = commitFile('a.txt', '1')
  expect(await git(['push', urlOf('my-shop'), 'master'])).toMatchObject({ code: 0 })
  const changes = [{ ref: 'refs/heads/master', before: null, after: first }]
  await expect
    .poll(rows)
    .toEqual([{ action: 'code.push', subject: 'my-shop', result: 'done', details: { status: 200, refs: 1, changes } }])
  expect(pushed).toEqual([{ site: 'my-shop', changes }])
  expect(await git(['clone', '-q', urlOf('my-shop'), 'copy'])).toEqual({ code: 0, text: '' })
  await expect
    .poll(async () => (await rows())[0])
    .toMatchObject({ action: 'code.fetch', subject: 'my-shop', result: 'done', details: { status: 200 } })
  // larger than what git sends in one piece: it asks for the password with an empty request, and streams
  commitFile('large.bin', Buffer.from(Array.from({ length: 3 << 20 }, () => Math.floor(Math.random() * 256))))
  expect(await git(['push', urlOf('my-shop'), 'master'])).toMatchObject({ code: 0 })
  expect(pushed).toHaveLength(2)
})

test('a push that cannot be acted upon stands all the same, with its row', async () => {
  isLost = true
  const tip = commitFile('b.txt', '1')
  expect(await git(['push', urlOf('my-shop'), 'master'])).toMatchObject({ code: 0 })
  await expect
    .poll(async () => (await rows())[0])
    .toMatchObject({
      action: 'code.push',
      result: 'done',
      details: { refs: 1, changes: [{ ref: 'refs/heads/master', after: tip }] },
    })
  isLost = false
  expect(userGit(repository.directory, ['rev-parse', 'master']).trim()).toBe(tip)
})

test('without a token nothing is answered, whatever the site', async () => {
  for (const site of ['my-shop', 'nothing']) {
    for (const password of ['', 'wrong', api.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]) {
      const { code, text } = await git(['ls-remote', urlOf(site)], password)
      expect([code, text]).toEqual([128, expect.stringContaining('Authentication failed')])
    }
    const answer = await fetch(`${urlOf(site)}/info/refs?service=git-upload-pack`)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="cairn"'])
    expect(await answer.text()).toMatch(/machine token as the password/)
  }
  // and a password is no key to the rest of the interface
  const authorization = `Basic ${Buffer.from(`x:${api.token}`).toString('base64')}`
  expect((await fetch(`${api.url}/v1/sites`, { headers: { authorization } })).status).toBe(401)
})

test('a site that is not there is refused as one that is closed', async () => {
  const { text } = await git(['push', urlOf('nothing'), 'master'])
  expect(text).toContain('403')
  expect(text).toContain(
    'remote: Cannot push code to a managed site with git: "o@example.org" has no right to "code.push" on nothing',
  )
  expect((await rows())[0]).toEqual({ action: 'code.push', subject: 'nothing', result: 'NOT_ALLOWED', details: {} })
})

test('history is not rewritten, tags of deploys are not touched, other addresses are not there', async () => {
  const tip = userGit(work, ['rev-parse', 'HEAD']).trim()
  userGit(work, ['commit', '-q', '--amend', '-m', 'other'])
  expect((await git(['push', '--force', urlOf('my-shop'), 'master'])).text).toContain('non-fast-forward')
  expect((await git(['push', urlOf('my-shop'), 'master:refs/tags/cairn_live_1'])).text).toMatch(/rejected/)
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(`refs/heads/master ${tip}\n`)
  const headers = { authorization: `Basic ${Buffer.from(`x:${api.token}`).toString('base64')}` }
  for (const path of ['HEAD', 'config', 'objects/info/packs', 'info/refs', 'info/refs?service=git-upload-archive'])
    expect((await fetch(`${urlOf('my-shop')}/${path}`, { headers })).status, path).toBe(404)
})
