// A state database for tests: the real server, started from a prepared copy, without syncing.
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import { runChild } from '../base/spawn.ts'
import { openState, type State } from './open.ts'
import { findPackage } from './postgres/binaries.ts'
import { type Postgres, startPostgres } from './postgres/start.ts'

export interface TestState extends Omit<State, 'close'> {
  /** What the server said, for a test that failed */
  lines: string[]
  /** Ends the connections and the server and removes its directory */
  stop(): Promise<void>
}

/** Starts an empty, migrated state database for one test file: about half a second once the machine has the template. */
export async function startTestState(): Promise<TestState> {
  const parent = makeDirectory('cairn-state-')
  const directory = join(parent, 'pg')
  const lines: string[] = []
  await copyCluster(directory)
  const postgres = await start(directory, lines)
  const { db, pool, connection, close } = await openState({ socketDirectory: postgres.socketDirectory, port: postgres.port })
  const stop = async (): Promise<void> => {
    await close()
    await postgres.stop()
    rmSync(parent, { recursive: true, force: true })
  }
  return { db, pool, connection, lines, stop }
}

/** Makes `directory` the data directory of a server that was started and stopped once, for tests of the server itself. */
export async function copyCluster(directory: string): Promise<void> {
  await runChild('cp', ['-a', '--', await makeTemplate(), directory])
}

/** One initialised directory for each version and user, made aside and renamed: test files start at the same time. */
async function makeTemplate(): Promise<string> {
  const template = join(tmpdir(), `cairn-state-template-${findPackage().version}-${process.getuid?.()}`)
  if (existsSync(template)) return template
  const parent = makeDirectory('cairn-state-new-')
  const aside = join(parent, 'pg')
  const postgres = await start(aside, [])
  await postgres.stop()
  try {
    renameSync(aside, template)
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
  return template
}

/** The server's account has to pass it. */
function makeDirectory(prefix: string): string {
  const path = mkdtempSync(join(tmpdir(), prefix))
  chmodSync(path, 0o711)
  return path
}

function start(dataDirectory: string, lines: string[]): Promise<Postgres> {
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', shared_buffers: '16MB' }
  return startPostgres({ dataDirectory, log: (line) => lines.push(line), settings, walSegmentMb: 1 })
}
