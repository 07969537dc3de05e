import { join } from 'node:path'
import type { PhpPlace } from '../types.ts'

export interface FpmFiles {
  socket: string
  /** Of FPM itself */
  masterLog: string
  /** Of the site's PHP; null for FastCGI's error stream, where the boot check reads it */
  phpLog: string | null
}

export interface FpmLimits {
  workersMax: number
  memoryMb: number
  /** When a request is ended, whatever it does */
  requestSecondsMax: number
  uploadMaxMb: number
}

export const usualLimits: FpmLimits = { workersMax: 10, memoryMb: 256, requestSecondsMax: 900, uploadMaxMb: 1024 }

/** A running request has so long to end when PHP is reloaded for a switch. */
export const drainSeconds = 10

/**
 * One master with one pool. The user id is the wall between environments, so `exec` and the like stay: what they can reach is
 * what PHP can reach anyway. `open_basedir` stops careless scripts, nothing else.
 */
export function fpmConfig(place: PhpPlace, files: FpmFiles, limits: FpmLimits, more: readonly string[] = []): string {
  return `${[
    '[global]',
    'daemonize = no',
    `error_log = ${files.masterLog}`,
    `process_control_timeout = ${drainSeconds}s`,
    '',
    `[${place.id}]`,
    `listen = ${files.socket}`,
    'listen.backlog = 511',
    // ondemand forks by edge-triggered events: a connection whose event falls to a worker that is leaving waits for the next
    // visitor (php-src #11765, PR #1308; seen: a page that came never)
    'pm = dynamic',
    `pm.max_children = ${limits.workersMax}`,
    'pm.start_servers = 1',
    'pm.min_spare_servers = 1',
    `pm.max_spare_servers = ${Math.min(3, limits.workersMax)}`,
    'pm.max_requests = 2000',
    `request_terminate_timeout = ${limits.requestSecondsMax}s`,
    'security.limit_extensions = .php',
    'clear_env = yes',
    'rlimit_core = 0',
    'rlimit_files = 4096',
    ...more,
    ...phpSettings(place, files, limits),
  ].join('\n')}\n`
}

/** What FPM reads before it reads its configuration: options `-d` of its command. */
export const masterSettings: readonly string[] = [
  'opcache.enable=1',
  'opcache.memory_consumption=96',
  'opcache.interned_strings_buffer=8',
  'opcache.max_accelerated_files=16229',
  'opcache.validate_timestamps=1', // what a CMS compiles into its files directory changes in place
  'opcache.revalidate_freq=2',
  'opcache.jit=off',
]

function phpSettings({ directory, isLive }: PhpPlace, { phpLog }: FpmFiles, limits: FpmLimits): string[] {
  const temporary = join(directory, 'tmp')
  const fixed: Record<string, string> = {
    auto_prepend_file: join(directory, 'prepend.php'),
    open_basedir: `${directory}/:/usr/share/php/`,
    upload_tmp_dir: temporary,
    sys_temp_dir: temporary,
    'cgi.fix_pathinfo': '0',
    expose_php: 'off',
    allow_url_include: 'off',
    log_errors: 'on',
    ...(phpLog === null ? {} : { error_log: phpLog }),
    // it reads what it is given: to a program that does not, PHP sometimes fails to send
    ...(isLive ? {} : { sendmail_path: `"/bin/sh -c 'cat >/dev/null'"` }),
  }
  // a site may choose otherwise, within what its limits allow
  const usual: Record<string, string> = {
    display_errors: 'off',
    memory_limit: `${limits.memoryMb}M`,
    max_execution_time: '120',
    'session.save_path': temporary,
    'session.gc_probability': '1',
    upload_max_filesize: `${limits.uploadMaxMb}M`,
    post_max_size: `${limits.uploadMaxMb + 16}M`,
    max_input_vars: '5000',
  }
  return [
    ...['TMPDIR', 'TMP', 'TEMP', 'HOME'].map((name) => `env[${name}] = ${temporary}`),
    'env[PATH] = /usr/local/bin:/usr/bin:/bin',
    ...Object.entries(fixed).map(([name, value]) => `php_admin_value[${name}] = ${value}`),
    ...Object.entries(usual).map(([name, value]) => `php_value[${name}] = ${value}`),
  ]
}
