import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { processStart } from '../../base/processes.ts'
import { askFastCgi } from '../fastcgi/askFastCgi.ts'
import type { PhpPlace, PhpPool } from '../types.ts'
import { type Master, reloadMaster } from './reload.ts'

export interface Service {
  socket: string
  pidFile: string
}

/** What the printed service of an environment is called, and where its socket and its pid stand. */
export function serviceOf(name: string, runDirectory: string): Service {
  const run = join(runDirectory, name)
  return { socket: join(run, 'php.sock'), pidFile: join(run, 'php-fpm.pid') }
}

/** `<data>/sites/<site>/<env>` is served by `cairn-<env>-<site>`. */
export function serviceName(environment: string, site: string): string {
  return `cairn-${environment}-${site}`
}

/**
 * The printed service of an environment where it runs, noticed by its pid file: nobody has to tell Cairn that it was set up, and
 * a switch that forgot to drain it would lose what is being written. Null where there is none, or it is somebody else's.
 */
export function findService({ directory, uid }: Pick<PhpPlace, 'directory' | 'uid'>, runDirectory = '/run'): Service | null {
  const service = serviceOf(serviceName(basename(directory), basename(dirname(directory))), runDirectory)
  const master = findMaster(service.pidFile)
  // the directory is the site's: it must not make us wait for, or reload, the PHP of others
  return master !== null && runsAs(master.pid, uid) ? service : null
}

/**
 * PHP that the administrator's own service runs, by the printed configuration: asked and reloaded, never started or ended.
 *
 * @param beside Cairn's own, which may have answered before the service ran: it is drained as well
 * @throws {Failure} PHP_FAILED from `reload` when the pid file names no PHP-FPM: a switch that cannot drain must not go on
 */
export function servedPool({ socket, pidFile }: Service, beside: Pick<PhpPool, 'reload'> | null = null): PhpPool {
  return {
    socket,
    start: async () => {},
    request: (request) => askFastCgi(socket, request),
    async reload() {
      const master = findMaster(pidFile)
      const [result, own] = await Promise.all([master === null ? null : reloadMaster(master), beside?.reload()])
      if (result !== null) return { killed: result.killed + (own?.killed ?? 0) }
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

function runsAs(pid: number, uid: number): boolean {
  try {
    return new RegExp(`^Uid:\\t${uid}\\t${uid}\\t`, 'm').test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return false
    throw error
  }
}
