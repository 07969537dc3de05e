// What the tests of the server share: fresh directories, servers in a child process, who runs.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { isErrno } from '../../base/failure.ts'
import { copyCluster } from '../testing.ts'
import { type Postgres, startPostgres } from './start.ts'

/** Directories and children of one test file; all are gone after `close`. */
export class Probe {
  readonly #top = mkdtempSync(join(tmpdir(), 'cairn-pg-'))
  readonly #children: ChildProcess[] = []
  #number = 0

  constructor() {
    chmodSync(this.#top, 0o711) // the server's account has to pass
  }

  newDirectory(): string {
    return join(this.#top, String(++this.#number))
  }

  /** Saves a test the second that making a cluster takes. */
  async newCluster(name = String(++this.#number)): Promise<string> {
    await copyCluster(join(this.#top, name))
    return join(this.#top, name)
  }

  keep(child: ChildProcess): void {
    this.#children.push(child)
  }

  /** Runs Node with `args` as another user or this one and reads the first line that it prints, as JSON. */
  async startNode<T>(args: string[], uid?: number): Promise<{ child: ChildProcess; said: T }> {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.keep(child)
    for await (const line of createInterface({ input: child.stdout })) return { child, said: JSON.parse(line) as T }
    throw new Error('the child said nothing')
  }

  startInChild(options: { dataDirectory: string; stopAfter?: boolean }, uid?: number) {
    const args = [join(import.meta.dirname, 'holder.child.ts'), JSON.stringify(options)]
    return this.startNode<{ socketDirectory: string; port: number; pid: number; uid: number }>(args, uid)
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#top, { recursive: true, force: true })
  }
}

export function start(dataDirectory: string): Promise<Postgres> {
  return startPostgres({ dataDirectory, log: () => {}, settings: { shared_buffers: '16MB' }, walSegmentMb: 1 })
}

/** All values of all rows, in one list. */
export async function query(where: { socketDirectory: string; port: number }, text: string): Promise<unknown[]> {
  const client = new Client({ host: where.socketDirectory, port: where.port, user: 'cairn', database: 'cairn' })
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

/** Every process of the server on this directory: the postmaster and what it forked work in its data. */
export function processesOf(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && workingDirectory(pid) === join(directory, 'data'))
}

function workingDirectory(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return null
    throw error
  }
}
