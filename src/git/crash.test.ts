import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitTree } from './commitTree.ts'
import { startGit } from './git.ts'
import { tidyRepository } from './leftovers.ts'
import { moveRefs } from './refs.ts'
import { createSiteRepository, openSiteRepository, removeHalfMade, type SiteRepository } from './siteRepository.ts'
import { author, entriesOf, makePlace, userGit } from './testing.suite.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
})
afterEach(() => place.remove())

test('a repository is made whole or not at all, never over something', async () => {
  await expect(createSiteRepository(repository.directory)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  expect(readFileSync(join(repository.directory, 'HEAD'), 'utf8')).toBe('ref: refs/heads/master\n')
  expect(existsSync(join(repository.directory, 'hooks'))).toBe(false)
  await expect(openSiteRepository(join(place.base, 'none'))).rejects.toMatchObject({ code: 'GIT_REPOSITORY' })
  expect(readdirSync(place.base)).toEqual(['site.git'])
})

test('what a killed creator left is removed, and nothing beside it', () => {
  const left = join(place.base, '.site.git.0123456789ab.tmp')
  mkdirSync(join(left, 'objects'), { recursive: true })
  mkdirSync(join(place.base, '.other.git.0123456789ab.tmp'))
  removeHalfMade(repository.directory)
  expect(readdirSync(place.base).sort()).toEqual(['.other.git.0123456789ab.tmp', 'site.git'])
})

test('what killed processes leave is removed at opening, and the repository works', async () => {
  const { commit } = await commitTree(repository, { entries: entriesOf({ a: '1' }), message: 'm', author })
  await moveRefs(repository, [{ ref: 'refs/cairn/work/01X', from: null, to: commit }])
  const at = (name: string): string => join(repository.directory, name)
  mkdirSync(at('objects/tmp_objdir-incoming-AbCdEf/pack'), { recursive: true })
  mkdirSync(at('hooks'))
  const left = [
    'refs/heads/master.lock',
    'packed-refs.lock',
    'HEAD.lock',
    'objects/pack/tmp_pack_x',
    'objects/pack/.tmp-1-pack-2.pack',
  ]
  for (const name of left) writeFileSync(at(name), '')
  writeFileSync(at('objects/pack/pack-1.keep'), 'receive-pack 17 on somewhere')
  writeFileSync(at('hooks/post-update'), '#!/bin/sh\ntouch /tmp/evil', { mode: 0o755 })
  writeFileSync(at('objects/info/alternates'), '/etc\n')
  writeFileSync(at('config'), '[core]\n\tbare = true\n\tfsmonitor = touch /tmp/evil\n')
  const opened = await openSiteRepository(repository.directory)
  for (const name of [
    ...left,
    'objects/tmp_objdir-incoming-AbCdEf',
    'objects/pack/pack-1.keep',
    'hooks',
    'objects/info/alternates',
  ]) {
    expect(existsSync(at(name)), name).toBe(false)
  }
  expect(readFileSync(at('config'), 'utf8')).not.toContain('fsmonitor')
  expect(await commitTree(opened, { entries: entriesOf({ a: '2' }), message: 'm', author })).toMatchObject({ kind: 'committed' })
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/master\n')
  await tidyRepository(opened)
  expect(userGit(repository.directory, ['fsck', '--strict'])).toBe('')
  expect(userGit(repository.directory, ['count-objects'])).toContain('0 objects')
})

test('locks of a process that lives are left alone', async () => {
  const lock = join(repository.directory, 'refs/heads/master.lock')
  const child = startGit(repository, ['hash-object', '-w', '--stdin'], { writes: true }) // waits for its input
  while (!readFileSync(`/proc/${child.pid}/environ`, 'latin1').includes('CAIRN_GIT_WRITES=1')) await sleep(5)
  writeFileSync(lock, '')
  await openSiteRepository(repository.directory)
  expect(existsSync(lock)).toBe(true)
  child.stdin?.end()
  await new Promise((resolve) => child.once('close', resolve))
  await openSiteRepository(repository.directory)
  expect(existsSync(lock)).toBe(false)
})

test('a commit that this process has under way is no leftover, whatever is opened meanwhile', async () => {
  let isOver = false
  const committed = (async () => {
    for (let i = 0; i < 10; i += 1) await commitTree(repository, { entries: entriesOf({ a: String(i) }), message: 'm', author })
  })().finally(() => (isOver = true))
  const opened = (async () => {
    while (!isOver) {
      await openSiteRepository(repository.directory)
      await sleep(1) // a clean one is opened without ever waiting
    }
  })()
  await Promise.all([committed, opened])
  expect(userGit(repository.directory, ['rev-list', '--count', 'master'])).toBe('10\n')
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/master\n')
})

test('a process killed in the middle of a commit leaves the old commit, and nothing else', async () => {
  const first = await commitTree(repository, { entries: entriesOf({ a: '1' }), message: 'm', author })
  for (const afterMs of [0, 30, 90, 250]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'commit.child.ts'), repository.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve)) // its stream has begun
    await sleep(afterMs)
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
    // its git dies with it, a moment later: opening again and again ends clean
    for (;;) {
      await openSiteRepository(repository.directory)
      const packs = readdirSync(join(repository.directory, 'objects/pack')).filter((name) => name.startsWith('tmp_'))
      const refs = userGit(repository.directory, ['for-each-ref', '--format=%(refname) %(objectname)'])
      if (packs.length === 0 && !refs.includes('refs/cairn/')) {
        expect(refs).toBe(`refs/heads/master ${first.commit}\n`)
        break
      }
      await sleep(10)
    }
  }
  expect(await commitTree(repository, { entries: entriesOf({ a: '2' }), message: 'm', author })).toMatchObject({
    kind: 'committed',
  })
  userGit(repository.directory, ['fsck', '--strict', '--no-dangling'])
})
