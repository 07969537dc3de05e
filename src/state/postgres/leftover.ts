import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { processStart, signalProcess, waitUntilGone } from '../../base/processes.ts'

/** One running PostgreSQL, named so that its signal meets nobody else. */
export interface Postmaster {
  pid: number
  startTicks: string
}

/** The postmaster that runs on these data, by its pid file; null when there is none, or the pid is somebody else's now. */
export function findPostmaster(data: string): Postmaster | null {
  const pid = Number(readPidFile(data)[0])
  if (!Number.isInteger(pid) || pid <= 1) return null
  const startTicks = processStart(pid)
  if (startTicks === null || workingDirectory(pid) !== realpathSync(data)) return null
  return { pid, startTicks }
}

/** True once this very server takes connections; a killed one leaves a file that says so of itself. */
export function isReady(data: string, pid: number): boolean {
  const lines = readPidFile(data)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

/**
 * Ends a postmaster: in good order, then at once (what was committed stands in its log), then for good.
 *
 * @throws {Failure} STATE_DATABASE when it outlives even SIGKILL
 */
export async function endPostmaster({ pid, startTicks }: Postmaster, patienceMs = 20_000): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', patienceMs],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    signalProcess(pid, startTicks, signal)
    if (await waitUntilGone(pid, startTicks, waitMs)) return
  }
  throw new Failure('STATE_DATABASE', `Cannot stop the PostgreSQL that a former Cairn started: process ${pid} does not end`)
}

/** The server makes its data directory its working directory; null where the process is not ours to look at. */
function workingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return null
    throw error
  }
}

function readPidFile(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
