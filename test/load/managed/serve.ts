import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFpm } from '../../../src/runtime/php/findFpm.ts'
import { webserverConfig } from '../../../src/runtime/webserverConfig.ts'
import { freePort } from '../../servers/ports.ts'
import { visit } from './talk.ts'

export interface ServedInEarnest {
  /** Where nginx listens, on 127.0.0.1, whatever the host is called */
  port: number
  stop(): Promise<void>
}

interface Subject {
  /** `<data>/sites/<site>/<env>` */
  directory: string
  site: string
  environment: string
  url: string
  /** Made; for configurations and logs */
  work: string
}

/**
 * nginx and PHP-FPM as Cairn prints them for a WordPress, started as systemd would: the socket and the pid of PHP stand in `/run`,
 * where Cairn looks for them, so the site's name must be nobody else's.
 */
export async function serveInEarnest({ directory, site, environment, url, work }: Subject): Promise<ServedInEarnest> {
  const { gid } = lstatSync(directory)
  const uid = lstatSync(join(directory, 'tmp')).uid
  const port = await freePort()
  const { program } = await findFpm()
  mkdirSync(work, { recursive: true })
  const { files, served } = webserverConfig({
    ...{ place: { id: `${site}-${environment}`, directory, uid, gid, isLive: environment === 'live' }, site, environment },
    ...{ framework: 'wordpress', docroot: '', filesPath: 'wp-content/uploads', serverNames: ['_'], listen: `127.0.0.1:${port}` },
    ...{ fpmProgram: program, logDirectory: join(work, 'log') },
  })
  const text = (part: string): string => files.find(({ path }) => path.includes(part))?.text ?? ''
  const run = join(served.pidFile, '..')
  for (const path of [run, join(work, 'log', `cairn-${environment}-${site}`)]) {
    mkdirSync(path, { recursive: true })
    chownSync(path, uid, gid)
    chmodSync(path, 0o750)
  }
  const fpmFile = join(work, 'fpm.conf')
  writeFileSync(fpmFile, text('.fpm.conf'))
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(text('.service')) ?? []
  const settings = command.split(' ').slice(command.split(' ').indexOf('-d'))
  const children = [
    start({ uid, groups: [gid] }, [program, '--nodaemonize', '--fpm-config', fpmFile, ...settings]),
    start({ uid: 33, groups: [33, gid] }, [
      '/usr/sbin/nginx',
      '-p',
      work,
      '-c',
      nginxMain(work, text('nginx')),
      '-g',
      'daemon off;',
    ]),
  ]
  for (const end = Date.now() + 30_000; (await visit(`${url}/`, port).catch(() => null))?.status !== 200; await sleep(50)) {
    if (Date.now() > end) throw new Error(`nginx and PHP-FPM do not serve ${url}: see ${work}`)
  }
  return {
    port,
    async stop() {
      for (const child of children) {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
        child.kill('SIGTERM')
        await ended
      }
      rmSync(run, { recursive: true, force: true })
    },
  }
}

/** They end with this process. */
function start(as: { uid: number; groups: number[] }, command: string[]): ChildProcess {
  const [gid] = as.uid === 33 ? [33] : as.groups
  const account = ['--reuid', String(as.uid), '--regid', String(gid), '--groups', as.groups.join(',')]
  const ends = ['setpriv', '--pdeathsig', 'TERM', '--']
  return spawn('setpriv', [...account, '--', ...ends, ...command], { stdio: 'ignore', cwd: '/' })
}

function nginxMain(work: string, server: string): string {
  chownSync(work, 33, 33)
  const temporary = ['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${work}/${kind};`)
  const path = join(work, 'nginx.conf')
  writeFileSync(
    path,
    `worker_processes 2; pid ${work}/nginx.pid; error_log ${work}/error.log warn;
events { worker_connections 1024; }
http { access_log off; ${temporary.join(' ')}
${server}
}`,
  )
  return path
}
