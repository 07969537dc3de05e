import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { bad, type Check, doubtful, good } from './types.ts'

interface PhpMaster {
  pid: number
  /** As it calls itself, e.g. `/etc/php/8.2/fpm/php-fpm.conf` */
  config: string
  /** Whether this process may send it a signal */
  reachable: boolean
}

const namedMax = 3

/** The PHP-FPM masters of this machine, as far as this process sees them; not those that it runs itself, for managed sites. */
export function findPhpMasters(): PhpMaster[] {
  const masters: PhpMaster[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const title = readTitle(name)
    const config = /^php-fpm: master process \((.*)\)/.exec(title)?.[1]
    if (config !== undefined && !descendsFromUs(Number(name)))
      masters.push({ pid: Number(name), config, reachable: maySignal(Number(name)) })
  }
  return masters
}

/**
 * A running PHP holds compiled code in its OPcache and ends its requests by itself: a restore reloads it. Without a way to,
 * old code may run until PHP looks at the files again.
 */
export function checkPhp(reload: readonly string[] | null): Check[] {
  const masters = findPhpMasters()
  if (reload !== null) {
    const [program = ''] = reload
    return isProgram(program)
      ? [good('php.reload', `PHP is reloaded by "${reload.join(' ')}"`)]
      : [bad('php.reload', `PHP cannot be reloaded by "${reload.join(' ')}": there is no program "${program}"`)]
  }
  const reachable = masters.filter((master) => master.reachable)
  const advice = 'give the command with --php-reload, for example "systemctl reload php8.2-fpm"'
  if (masters.length === 0) {
    return [
      doubtful(
        'php.reload',
        `No PHP-FPM is seen on this machine: after a restore PHP may run old code until its OPcache looks again; ${advice}`,
      ),
    ]
  }
  const named = masters.slice(0, namedMax).map(({ pid, config }) => `${config} (pid ${pid})`)
  const names = [...named, ...(masters.length > namedMax ? [`${masters.length - namedMax} more`] : [])].join(', ')
  if (reachable.length === 0) return [doubtful('php.reload', `PHP-FPM runs (${names}) and Cairn may not reload it: ${advice}`)]
  return [doubtful('php.reload', `PHP-FPM runs (${names}), and which one serves this site is not known: ${advice}`)]
}

function descendsFromUs(pid: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === process.pid) return true
  return false
}

/** 0 for one that is gone */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) // the name before it may hold anything
  } catch {
    return 0
  }
}

function isProgram(program: string): boolean {
  const places = isAbsolute(program)
    ? [program]
    : (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, program))
  return places.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return false
      throw error
    }
  })
}

function readTitle(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    return '' // it ended, or is hidden from us
  }
}

function maySignal(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
