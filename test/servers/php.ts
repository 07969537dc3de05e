import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { builtinRouter, fpmConfig, nginxConfig, type Settings } from './phpConfig.ts'

export interface PhpOptions {
  docroot: string
  /** Configuration, logs, sockets and pid files go here; made when missing */
  directory: string
  port?: number
  /** @default {'fpm'} nginx and PHP-FPM as they stand on most servers, or PHP's own server with several workers */
  kind?: 'fpm' | 'builtin'
  /** Who runs PHP, when the caller is root @default {'www-data'} */
  user?: string
  /** @default {4} */
  workers?: number
  /** Lines for the FPM pool, e.g. `env[DB_HOST] = localhost` */
  pool?: string[]
  /** Leaves the servers running when this process ends; `stopPhp(directory)` ends them @default {false} */
  keepRunning?: boolean
}

export interface PhpServer {
  url: string
  port: number
  directory: string
  /** PHP-FPM's master, or PHP's own server */
  pid: number
  /** What an administrator would type to reload PHP; null where PHP's own server runs */
  reloadCommand: string[] | null
  stop(): Promise<void>
}

/**
 * Serves a docroot on a free loopback port. The docroot and everything above it must be open to `user`: a folder made by
 * mkdtemp is 0700 and needs a chmod 0711 first.
 */
export async function startPhp(options: PhpOptions): Promise<PhpServer> {
  const { docroot, directory, kind = 'fpm' } = options
  const port = options.port ?? (await freePort())
  mkdirSync(directory, { recursive: true })
  await stopPhp(directory)
  const settings = {
    docroot,
    directory,
    port,
    user: options.user ?? 'www-data',
    workers: options.workers ?? 4,
    pool: options.pool ?? [],
  }
  const pid = kind === 'fpm' ? startFpm(settings, options) : startBuiltin(settings, options)
  const url = `http://127.0.0.1:${port}`
  await waitForAnswer(url, directory)
  const reloadCommand = kind === 'fpm' ? ['/bin/kill', '-USR2', String(pid)] : null
  return { url, port, directory, pid, reloadCommand, stop: () => stopPhp(directory) }
}

/** Ends the servers whose pid files stand in a directory, and waits until they are gone. Nothing to end is fine. */
export async function stopPhp(directory: string): Promise<void> {
  const pids = readdirSync(directory)
    .filter((name) => name.endsWith('.pid'))
    .map((name) => Number(readFileSync(join(directory, name), 'utf8')))
    .filter((pid) => isOurs(pid, directory))
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  for (const end = Date.now() + 10_000; pids.some((pid) => isOurs(pid, directory));) {
    if (Date.now() > end) throw new Error(`the servers in "${directory}" did not end: ${pids.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function startFpm(settings: Settings, options: PhpOptions): number {
  const file = (name: string): string => join(settings.directory, name)
  writeFileSync(file('php-fpm.conf'), fpmConfig(settings))
  writeFileSync(file('nginx.conf'), nginxConfig(settings))
  const pid = start('php-fpm', fpmProgram(), ['-F', '-y', file('php-fpm.conf')], settings, options)
  start('nginx', '/usr/sbin/nginx', ['-p', settings.directory, '-c', file('nginx.conf'), '-g', 'daemon off;'], settings, options)
  return pid
}

function startBuiltin(settings: Settings, options: PhpOptions): number {
  const router = join(settings.directory, 'router.php')
  writeFileSync(router, builtinRouter)
  const asUser = process.getuid?.() === 0 ? ['--reuid', settings.user, '--regid', settings.user, '--init-groups'] : []
  const server = ['setpriv', ...asUser, '--', 'php', '-S', `127.0.0.1:${settings.port}`, '-t', settings.docroot, router]
  const args = ['-c', endsAsGroup, 'sh', ...server]
  return start('php', '/bin/sh', args, settings, options, { PHP_CLI_SERVER_WORKERS: String(settings.workers) })
}

/**
 * PHP's own server ends without its workers, and setpriv's death signal is lost when the account changes: a shell that stays
 * the leader of the group hands every TERM to all of them, and waits.
 */
const endsAsGroup = `trap 'trap "" TERM; kill -TERM 0; wait' TERM; "$@" & wait`

/** Starts one program with its output in `<name>.log` and its pid in `<name>.pid`; setpriv keeps the pid. */
function start(
  name: string,
  program: string,
  args: string[],
  { directory }: Settings,
  { keepRunning = false }: PhpOptions,
  env: Record<string, string> = {},
): number {
  const log = openSync(join(directory, `${name}.log`), 'a')
  // TERM, not KILL: an nginx master that is killed leaves its workers behind
  const [command, list] = keepRunning ? [program, args] : ['setpriv', ['--pdeathsig', 'TERM', '--', program, ...args]]
  const child = spawn(command, list, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, ...env },
  })
  child.on('error', (error) => writeFileSync(join(directory, `${name}.log`), String(error)))
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start ${program}`)
  writeFileSync(join(directory, `${name}.pid`), String(child.pid))
  return child.pid
}

function fpmProgram(): string {
  const name = readdirSync('/usr/sbin').find((entry) => /^php-fpm[0-9.]+$/.test(entry))
  if (name === undefined) throw new Error('no PHP-FPM in /usr/sbin: apt-get install php-fpm')
  return `/usr/sbin/${name}`
}

/** A pid may have been given to a stranger since: only a process whose arguments or working directory name ours is ended. */
function isOurs(pid: number, directory: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z') return false
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)
  } catch {
    return false
  }
}

async function waitForAnswer(url: string, directory: string): Promise<void> {
  for (const end = Date.now() + 15_000; ;) {
    try {
      const answer = await fetch(url, { redirect: 'manual' })
      await answer.body?.cancel()
      if (answer.status !== 502) return // nginx answers before PHP-FPM does
    } catch (error) {
      if (Date.now() > end) throw new Error(`no answer from ${url}, see the logs in ${directory}`, { cause: error })
    }
    if (Date.now() > end) throw new Error(`nothing but 502 from ${url}, see the logs in ${directory}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
