import { readFileSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { processStart } from '../../base/processes.ts'
import { askFastCgi } from '../fastcgi/askFastCgi.ts'
import type { PhpPool } from '../types.ts'
import { type Master, reloadMaster } from './reload.ts'

/**
 * PHP that the administrator's own service runs, by the printed configuration: asked and reloaded, never started or ended.
 *
 * @throws {Failure} PHP_FAILED from `reload` when the pid file names no PHP-FPM: a switch that cannot drain must not go on
 */
export function servedPool({ socket, pidFile }: { socket: string; pidFile: string }): PhpPool {
  return {
    socket,
    start: async () => {},
    request: (request) => askFastCgi(socket, request),
    async reload() {
      const master = findMaster(pidFile)
      const result = master === null ? null : await reloadMaster(master)
      if (result !== null) return result
      throw new Failure('PHP_FAILED', `Cannot reload PHP: "${pidFile}" names no PHP-FPM that can be reloaded`, {
        hint: 'Start the PHP-FPM service of this environment ("cairn env:webserver-config" prints it)',
        retry: 'after-repair',
      })
    },
    stop: async () => {},
  }
}

function findMaster(pidFile: string): Master | null {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'))
    if (!Number.isInteger(pid) || pid <= 1) return null
    if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('php-fpm: master process')) return null
    const startTicks = processStart(pid)
    return startTicks === null ? null : { pid, startTicks }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return null
    throw error
  }
}
