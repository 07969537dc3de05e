import { join } from 'node:path'
import type { Framework } from '../contract/words.ts'
import { nginxConfig } from './nginxConfig.ts'
import { drainSeconds, fpmConfig, type FpmLimits, masterSettings, usualLimits } from './php/fpmConfig.ts'
import { serviceName, serviceOf } from './php/servedPool.ts'
import type { PhpPlace } from './types.ts'

export interface WebserverSubject {
  place: PhpPlace
  site: string
  environment: string
  framework: Framework
  /** Relative to the code */
  docroot: string
  /** Relative to the docroot: `wp-content/uploads` */
  filesPath: string
  serverNames: readonly string[]
  /** @default '80' */
  listen?: string
  /** Whom nginx's workers run as @default 'www-data' */
  webUser?: string
  /** @default `/usr/sbin/php-fpm` */
  fpmProgram?: string
  limits?: Partial<FpmLimits>
  /** Where sockets, pid files and logs go; systemd makes them @default `/run` and `/var/log` */
  runDirectory?: string
  logDirectory?: string
}

export interface WebserverConfig {
  /** To be typed once, as root */
  commands: string[]
  files: { path: string; text: string }[]
  /** What Cairn has to know to drain this PHP at a switch: `served` of the environment's place */
  served: { socket: string; pidFile: string }
}

/**
 * nginx and PHP-FPM for one environment that is served in earnest: its own FPM master as a service, so that it lives on without
 * Cairn and a switch drains it alone.
 */
export function webserverConfig(subject: WebserverSubject): WebserverConfig {
  const { place, site, environment, webUser = 'www-data', fpmProgram = '/usr/sbin/php-fpm' } = subject
  const { runDirectory = '/run', logDirectory = '/var/log' } = subject
  const limits = { ...usualLimits, ...subject.limits }
  const name = serviceName(environment, site)
  const account = `cairn-${place.uid}`
  const served = serviceOf(name, runDirectory)
  const configFile = `/etc/cairn/${name}.fpm.conf`
  const files = {
    socket: served.socket,
    masterLog: join(logDirectory, name, 'php-fpm.log'),
    phpLog: join(logDirectory, name, 'php.log'),
  }
  return {
    commands: [
      `groupadd --gid ${place.gid} ${account}`,
      `useradd --uid ${place.uid} --gid ${place.gid} --no-create-home --home-dir / --shell /usr/sbin/nologin ${account}`,
      // the files of an environment are open to its own group alone
      `usermod --append --groups ${account} ${webUser}`,
      `systemctl daemon-reload && systemctl enable --now ${name} && systemctl restart nginx`,
    ],
    files: [
      {
        path: configFile,
        text: fpmConfig(place, files, limits, ['listen.mode = 0660']).replace(
          '[global]\n',
          `[global]\npid = ${served.pidFile}\n`,
        ),
      },
      { path: `/etc/systemd/system/${name}.service`, text: unit(subject, { name, account, configFile, fpmProgram }) },
      { path: `/etc/nginx/conf.d/${name}.conf`, text: nginxConfig(subject, served.socket, limits) },
    ],
    served,
  }
}

function unit(
  { place, site, environment }: WebserverSubject,
  { name, account, configFile, fpmProgram }: { name: string; account: string; configFile: string; fpmProgram: string },
): string {
  const settings = masterSettings.map((setting) => `-d ${setting}`).join(' ')
  return `[Unit]
Description=PHP of ${site}.${environment}
After=network.target

[Service]
User=${account}
Group=${account}
UMask=0007
RuntimeDirectory=${name}
RuntimeDirectoryMode=0750
LogsDirectory=${name}
ExecStart=${fpmProgram} --nodaemonize --fpm-config ${configFile} ${settings}
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
TimeoutStopSec=${drainSeconds + 5}
Restart=always
${place.isLive ? '# NoNewPrivileges is left out: sendmail needs the rights of its program' : 'NoNewPrivileges=yes'}
CapabilityBoundingSet=
TasksMax=512
LimitCORE=0
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths=${place.directory}

[Install]
WantedBy=multi-user.target
`
}
