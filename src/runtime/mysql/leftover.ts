import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { processStart, signalProcess, waitUntilGone } from '../../base/processes.ts'

/** One running MariaDB, named so that its signal meets nobody else. */
interface RunningServer {
  pid: number
  startTicks: string
}

/** The server that runs on these data, by its pid file; null when there is none, or the pid is somebody else's now. */
export function findServer({ pidFile, data }: { pidFile: string; data: string }): RunningServer | null {
  const pid = readPid(pidFile)
  if (pid === null) return null
  const startTicks = processStart(pid)
  if (startTicks === null || workingDirectory(pid) !== realpathSync(data)) return null
  return { pid, startTicks }
}

/**
 * Ends a server in good order, else for good: what was committed stands in its log.
 *
 * @throws {Failure} MYSQL_HOME when it outlives even SIGKILL
 */
export async function endServer({ pid, startTicks }: RunningServer, patienceMs = 60_000): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', 10_000],
  ] as const) {
    signalProcess(pid, startTicks, signal)
    if (await waitUntilGone(pid, startTicks, waitMs)) return
  }
  throw new Failure('MYSQL_HOME', `Cannot stop MariaDB: process ${pid} does not end`, { retry: 'after-repair' })
}

function readPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 1 ? pid : null
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
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
