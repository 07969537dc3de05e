// What the tests of this folder share: a repository in a temporary directory, trees from plain objects, git as a user has it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { comparePaths } from '../archive/entry.ts'
import { type CommitEntry, commitTree } from './commitTree.ts'
import type { Signature } from './signature.ts'
import { createSiteRepository, type SiteRepository } from './siteRepository.ts'

export const author: Signature = { name: 'Ada', email: 'ada@example.org', at: new Date('2026-01-02T03:04:05Z') }

/** A file's text, or a directory, a link or a program. Names are latin1: one byte in each code unit. */
export type Sketch = Record<string, string | Buffer | { directory: true } | { link: string } | { program: string }>

export async function* entriesOf(sketch: Sketch): AsyncGenerator<CommitEntry> {
  const names = Object.keys(sketch).map((name) => ({ name, path: Buffer.from(name, 'latin1') }))
  names.sort((a, b) => comparePaths(a.path, b.path))
  for (const { name, path } of names) {
    const what = sketch[name] as Sketch[string]
    const plain = { path, mode: 0o644, sizeBytes: 0, target: Buffer.alloc(0), body: bodyOf(Buffer.alloc(0)) }
    if (typeof what === 'string' || Buffer.isBuffer(what)) {
      const bytes = Buffer.from(what as string)
      yield { ...plain, kind: 'file', sizeBytes: bytes.length, body: bodyOf(bytes) }
    } else if ('directory' in what) {
      yield { ...plain, kind: 'directory', mode: 0o755 }
    } else if ('link' in what) {
      yield { ...plain, kind: 'link', mode: 0o777, target: Buffer.from(what.link, 'latin1') }
    } else {
      yield {
        ...plain,
        kind: 'file',
        mode: 0o755,
        sizeBytes: Buffer.byteLength(what.program),
        body: bodyOf(Buffer.from(what.program)),
      }
    }
  }
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += 100_000) yield bytes.subarray(from, from + 100_000)
}

/** A new place for one test, and a repository in it. */
export async function makePlace(): Promise<{ base: string; repository: SiteRepository; remove(): void }> {
  const base = mkdtempSync(join(tmpdir(), 'cairn-git-'))
  const repository = await createSiteRepository(join(base, 'site.git'))
  return { base, repository, remove: () => rmSync(base, { recursive: true, force: true }) }
}

/** Gives each test of a file a place of its own. */
export function useEachPlace(take: (place: Awaited<ReturnType<typeof makePlace>>) => void): void {
  let made: Awaited<ReturnType<typeof makePlace>> | null = null
  beforeEach(async () => take((made = await makePlace())))
  afterEach(() => made?.remove())
}

/** @returns the id of the commit */
export async function commitSketch(repository: SiteRepository, sketch: Sketch, message = 'm'): Promise<string> {
  return (await commitTree(repository, { entries: entriesOf(sketch), message, author })).commit
}

/** git as a person runs it, without this machine's configuration. */
export function userGit(directory: string, args: readonly string[], options: { input?: string | Buffer } = {}): string {
  return execFileSync('git', args, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: userEnvironment(),
    ...(options.input === undefined ? {} : { input: options.input }),
  })
}

export function userEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Uma',
    GIT_AUTHOR_EMAIL: 'uma@example.org',
    GIT_COMMITTER_NAME: 'Uma',
    GIT_COMMITTER_EMAIL: 'uma@example.org',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  }
}
