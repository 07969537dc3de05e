import { closeSync, fstatSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from './failure.ts'
import { childEnd, startChild } from './spawn.ts'

export interface KernelLock {
  release(): Promise<void>
}

/**
 * A lock that the kernel drops with the process, whatever ends it: `flock` on a file of ours, held by one process at a time.
 * A stopped (SIGSTOP) process keeps it, children do not inherit it, and no namespace hides it. Its file is for our user alone,
 * and so should its directory be, which is made (0700) when it is missing: who can open the file could hold the lock.
 *
 * The program `flock` locks the open file that it is handed and ends; the lock stays with that open file, which is ours.
 *
 * @param patienceMs for how long it waits for another holder; one that was killed a moment ago may still be on its way out
 * @returns null while another holder has the lock, in this process or in another
 * @throws {Failure} CONFIG_INVALID when this machine has no `flock`
 */
export async function takeKernelLock(path: string, patienceMs = 0): Promise<KernelLock | null> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const deadline = performance.now() + patienceMs
  for (;;) {
    const fd = openSync(path, 'a', 0o600)
    try {
      if (!(await lock(fd, path, Math.max(0, deadline - performance.now())))) {
        closeSync(fd)
        return null
      }
      if (isStillThere(fd, path)) return { release: async () => release(fd, path) }
      closeSync(fd) // its holder has removed it since it was opened
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }
}

async function lock(fd: number, path: string, patienceMs: number): Promise<boolean> {
  const wait = patienceMs > 0 ? ['-w', (patienceMs / 1000).toFixed(3)] : ['-n']
  const child = startChild('flock', [...wait, '-x', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] })
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text))
  const { code, signal } = await childEnd(child).catch(() => ({ code: 127, signal: null }))
  if (code === 0 || code === 1) return code === 0
  const why = code === 127 ? 'the program "flock" is not installed' : words.trim() || `it ended with ${signal ?? code}`
  throw new Failure('CONFIG_INVALID', `Cannot lock "${path}": ${why}`, {
    hint: 'Install util-linux, and keep the data directory on a file system that knows locks',
    retry: 'after-repair',
  })
}

function isStillThere(fd: number, path: string): boolean {
  const [held, named] = [fstatSync(fd, { bigint: true }), statSync(path, { bigint: true, throwIfNoEntry: false })]
  return named !== undefined && held.ino === named.ino && held.dev === named.dev
}

/** Removed while it is held: who has opened it meanwhile finds it gone, and begins with a new one. */
function release(fd: number, path: string): void {
  if (isStillThere(fd, path)) unlinkSync(path)
  closeSync(fd)
}
