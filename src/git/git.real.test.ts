// What takes long: histories of 50 MB over HTTP, blobs larger than memory should hold, servers killed in the middle of a push.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommitEntry, commitTree } from './commitTree.ts'
import { exportTree } from './exportTree.ts'
import { openSiteRepository, type SiteRepository } from './siteRepository.ts'
import { author, makePlace, userEnvironment, userGit } from './testing.suite.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
const servers: ChildProcess[] = []
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
})
afterEach(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL')
  place.remove()
})

async function startServer(): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'serve.child.ts'), repository.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  servers.push(server)
  const url = await new Promise<string>((resolve) =>
    server.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim())),
  )
  return { server, url }
}

/** Commits of random bytes on `master`, so many that the history has about this size. */
function makeHistory(directory: string, commits: number, bytesEach: number): void {
  mkdirSync(directory)
  userGit(directory, ['init', '-q', '-b', 'master'])
  const parts = Array.from({ length: commits }, (_, i) => [
    Buffer.from(`commit refs/heads/master\ncommitter U <u@example.org> ${1_700_000_000 + i} +0000\ndata 1\nm\n`),
    Buffer.from(`M 644 inline dir-${i % 7}/file-${i % 50}.bin\ndata ${bytesEach}\n`),
    randomBytes(bytesEach),
    Buffer.from('\n'),
  ])
  // stored as it is: random bytes do not get smaller
  userGit(directory, ['-c', 'core.compression=0', 'fast-import', '--quiet', '--depth=0'], { input: Buffer.concat(parts.flat()) })
}

const peakMb = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const runClient = (args: string[], cwd: string): Promise<number | null> =>
  new Promise((resolve) => spawn('git', args, { cwd, env: userEnvironment(), stdio: 'ignore' }).once('close', resolve))

test('a history of 50 MB is pushed and cloned, and the server holds little of it', async () => {
  const { server, url } = await startServer()
  makeHistory(join(place.base, 'big'), 200, 256 << 10)
  const before = peakMb(server.pid)
  const pushedAt = performance.now()
  expect(await runClient(['push', '-q', url, 'master'], join(place.base, 'big'))).toBe(0)
  const clonedAt = performance.now()
  expect(await runClient(['clone', '-q', url, 'copy'], place.base)).toBe(0)
  const endedAt = performance.now()
  const peak = peakMb(server.pid)
  console.log(
    `50 MB of history: push ${Math.round(clonedAt - pushedAt)} ms, clone ${Math.round(endedAt - clonedAt)} ms, ` +
      `server ${Math.round(before)} to ${Math.round(peak)} MB at most`,
  )
  expect(peak - before).toBeLessThan(100)
  expect(userGit(join(place.base, 'copy'), ['rev-list', '--count', 'HEAD'])).toBe('200\n')
  expect(userGit(repository.directory, ['fsck', '--strict', '--full'])).toBe('')
})

test('a server killed in the middle of a push leaves the old branch or the new one, and nothing else', async () => {
  const work = join(place.base, 'work')
  makeHistory(work, 20, 128 << 10)
  let { server, url } = await startServer()
  const begunAt = performance.now()
  expect(await runClient(['push', '-q', url, 'master~10:refs/heads/master'], work)).toBe(0)
  const pushMs = performance.now() - begunAt
  const [old, tip] = [userGit(work, ['rev-parse', 'master~10']).trim(), userGit(work, ['rev-parse', 'master']).trim()]
  const outcomes: string[] = []
  for (const part of [0.1, 0.5, 0.7, 0.8, 0.9, 1.1]) {
    const pushed = runClient(['push', '-q', '--force', url, `${tip}:refs/heads/master`], work)
    await sleep(part * pushMs)
    server.kill('SIGKILL')
    await pushed
    await expectClean()
    const now = userGit(repository.directory, ['rev-parse', 'master']).trim()
    expect([old, tip]).toContain(now)
    outcomes.push(now === old ? 'old' : 'new')
    ;({ server, url } = await startServer())
    expect(await runClient(['push', '-q', '--force', url, `${old}:refs/heads/master`], work)).toBe(0)
  }
  console.log(`6 servers killed in a push: ${outcomes.join(' ')}`)
  expect(userGit(repository.directory, ['fsck', '--strict', '--full', '--no-dangling'])).toBe('')
})

/** What the killed ones' children still do ends by itself; then opening the repository leaves nothing of them. */
async function expectClean(): Promise<void> {
  await expect
    .poll(
      async () => {
        await openSiteRepository(repository.directory)
        const names = readdirSync(repository.directory, { recursive: true, encoding: 'utf8' })
        return names.filter((name) => /tmp|\.lock$|\.keep$/.test(name))
      },
      { timeout: 60_000 },
    )
    .toEqual([])
}

test('a blob of 64 MB is committed and exported without being held', async () => {
  const sizeBytes = 64 << 20
  let gitPeak = 0
  const block = randomBytes(1 << 20)
  async function* body(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 64; i += 1) {
      block.writeUInt32LE(i)
      yield Buffer.from(block)
      if (i === 63) gitPeak = peakMb(pidOf('fast-import'))
    }
  }
  async function* entries(): AsyncGenerator<CommitEntry> {
    yield { path: Buffer.from('video.bin'), kind: 'file', mode: 0o644, sizeBytes, target: Buffer.alloc(0), body: body() }
  }
  const { commit } = await commitTree(repository, { entries: entries(), message: 'm', author })
  await exportTree(repository, commit, join(place.base, 'out'))
  const sums = execFileSync(
    'sh',
    ['-c', `sha256sum < out/video.bin; git --git-dir=site.git cat-file blob ${commit}:video.bin | sha256sum`],
    {
      cwd: place.base,
      encoding: 'utf8',
    },
  )
  const [exported, stored] = sums.trim().split('\n')
  expect(exported).toBe(stored)
  console.log(`64 MB in one file: git fast-import ${Math.round(gitPeak)} MB at most`)
  expect(gitPeak).toBeGreaterThan(0)
  expect(gitPeak).toBeLessThan(40)
})

function pidOf(command: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const isIt = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(command)
        return isIt && readlinkSync(`/proc/${pid}/cwd`) === repository.directory
      } catch {
        return false
      }
    })
}
