import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { takeKernelLock } from './kernelLock.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-lock-'))
const isRoot = process.getuid?.() === 0
const path = (name: string): string => join(directory, 'locks', name)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function startChild(lock: string, log: string, rounds: number): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'kernelLock.child.ts'), lock, log, String(rounds)], {
    stdio: 'inherit',
  })
}

const linesOf = (log: string): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])

test('a lock is held once, also within one process, until it is released', async () => {
  const first = await takeKernelLock(path('once'))
  expect(first).not.toBeNull()
  expect(await takeKernelLock(path('once'))).toBeNull()
  expect(statSync(path('once')).mode & 0o077).toBe(0)
  expect(statSync(path('')).mode & 0o077).toBe(0)
  const waiting = takeKernelLock(path('once'), 30_000)
  await first?.release()
  const second = await waiting
  expect(second).not.toBeNull()
  expect(await takeKernelLock(path('once'))).toBeNull()
  await second?.release()
  expect(existsSync(path('once'))).toBe(false)
})

test('of many at once one gets it', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => takeKernelLock(path('many'))))
  expect(all.filter((lock) => lock !== null)).toHaveLength(1)
  for (const lock of all) await lock?.release()
})

test('a stopped holder keeps it, a killed one leaves it, however often and whenever it is killed', async () => {
  const log = join(directory, 'killed')
  for (let round = 0; round < 10; round += 1) {
    const child = startChild(path('killed'), log, 1000)
    const before = linesOf(log).length
    await expect.poll(() => linesOf(log).length, { timeout: 60_000 }).toBeGreaterThan(before)
    await sleep(Math.random() * 40)
    child.kill('SIGSTOP')
    const isInside = linesOf(log).at(-1) === `enter ${child.pid}`
    if (isInside) expect(await takeKernelLock(path('killed'))).toBeNull()
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const lock = await takeKernelLock(path('killed'), 10_000)
    expect(lock).not.toBeNull()
    await lock?.release()
  }
})

test('among processes that come and are killed no two are ever inside', async () => {
  const log = join(directory, 'race')
  const killed = new Set<number>()
  const runOne = async (rounds: number, killAfterMs: number | null): Promise<void> => {
    const child = startChild(path('race'), log, rounds)
    const ended = once(child, 'exit')
    if (killAfterMs !== null) {
      await sleep(killAfterMs)
      child.kill('SIGKILL')
      killed.add(child.pid ?? 0)
    }
    const [code] = await ended
    if (killAfterMs === null) expect(code).toBe(0)
  }
  const killMany = async (): Promise<void> => {
    for (let i = 0; i < 6; i += 1) await runOne(1000, 150 + Math.random() * 200)
  }
  await Promise.all([runOne(25, null), runOne(25, null), killMany()])
  let inside = ''
  for (const line of linesOf(log)) {
    const [what, pid = ''] = line.split(' ')
    if (what === 'enter') {
      if (inside !== '') expect(killed).toContain(Number(inside))
      inside = pid
    } else {
      expect(pid).toBe(inside)
      inside = ''
    }
  }
  expect(linesOf(log).length).toBeGreaterThan(90)
})

test.skipIf(!isRoot)('another user cannot hold it, not where it knows its name either', async () => {
  chmodSync(directory, 0o755)
  const lock = await takeKernelLock(path('foreign'))
  const hold = (file: string) =>
    spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'flock', '-n', file, 'true'], { encoding: 'utf8' })
  expect(hold(path('foreign')).stderr).toContain('Permission denied')
  expect(hold(path('not there yet')).stderr).toContain('Permission denied')
  await lock?.release()
})
