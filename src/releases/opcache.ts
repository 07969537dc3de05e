import { createHash, randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, openSync, readdirSync, utimesSync, writeSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import { mtimeSeconds, removeFile, statOrNull } from '../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../hosts/local/handles.ts'
import { resolveTrusted } from '../hosts/local/resolveTrusted.ts'
import { reloadCommand } from './drain.ts'

/** A one-off script that a killed process left: holds no secret and does nothing without one. No part of a site. */
const oneOffScriptName = /^cairn-opcache-[0-9a-f]{32}\.php$/

export interface ServedSite {
  url: string | null
  docroot: string
}

export type Reloaded = 'reloaded' | 'reset' | 'no-cache' | 'not-reset'

/**
 * Makes PHP forget the code that it had compiled, so that it runs what was restored: by the configured command, else by a
 * one-off script in the docroot, asked for over the site's own address. Never throws: the restore has happened, what could
 * not be done is a warning.
 *
 * The script's limits: it reaches the one PHP that answers at the address (not further servers behind a balancer, not PHP on
 * the command line), needs an address that this machine can reach, and a web server that runs PHP files by their name.
 * Without either, PHP finds changed files by their time after `opcache.revalidate_freq` (2 s by default), but never where
 * `opcache.validate_timestamps` is off.
 */
export async function reloadPhp(reload: readonly string[] | null, run: Run, site: ServedSite | null = null): Promise<Reloaded> {
  const consequence = 'it may go on running old code until it is reloaded by hand'
  if (reload !== null && (await reloadCommand(reload, run, 'OPCACHE_NOT_RESET', consequence))) return 'reloaded'
  const reason = site?.url == null ? 'no address of the site is known' : await resetByScript(site.url, site.docroot)
  if (reason === 'reset' || reason === 'no-cache') return reason
  run.warn({
    code: 'OPCACHE_NOT_RESET',
    element: null,
    message: `PHP's compiled code was not reset (${reason}): ${consequence}`,
    path: null,
  })
  return 'not-reset'
}

/** Gives `reset`, `no-cache` or the reason why not. */
async function resetByScript(url: string, docroot: string): Promise<string> {
  const secret = randomBytes(32).toString('hex')
  const name = `cairn-opcache-${randomBytes(16).toString('hex')}.php`
  let directory: number | null = null
  try {
    directory = openDirectory(resolveTrusted(docroot))
    const before = statOrNull(handlePath(directory, ''))
    for (const left of readdirSync(handlePath(directory, '').toString()))
      if (oneOffScriptName.test(left)) removeFile(handlePath(directory, left))
    writeScript(directory, name, secret)
    try {
      return await askScript(new URL(name, url.endsWith('/') ? url : `${url}/`), secret)
    } finally {
      if (statOrNull(handlePath(directory, name)) !== null) removeFile(handlePath(directory, name))
      restoreTime(directory, before?.mtimeNs ?? null)
    }
  } catch (error) {
    if (error instanceof Failure) return error.message
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT')) throw error
    return `the script cannot be written: ${error.code}`
  } finally {
    if (directory !== null) closeSync(directory)
  }
}

/** Without the secret, or after a minute, the script answers 404: knowing its name is worth nothing. */
function writeScript(directory: number, name: string, secret: string): void {
  const digest = createHash('sha256').update(secret).digest('hex')
  const script = `<?php
// Written by Cairn for one request, to reset OPcache after a restore. May be deleted.
if (time() > ${Math.floor(Date.now() / 1000) + 60} || !hash_equals('${digest}', hash('sha256', $_SERVER['HTTP_X_CAIRN_RESET'] ?? ''))) {
    http_response_code(404);
    exit;
}
header('Content-Type: text/plain');
header('Cache-Control: no-store');
clearstatcache(true);
if (!function_exists('opcache_reset') || !@opcache_get_status(false)) { exit('no-cache'); }
echo @opcache_reset() ? 'reset' : 'refused';
`
  const path = handlePath(directory, name)
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    writeSync(fd, script)
    fchmodSync(fd, 0o644)
  } finally {
    closeSync(fd)
  }
}

async function askScript(address: URL, secret: string): Promise<string> {
  try {
    const answer = await fetch(address, {
      headers: { 'x-cairn-reset': secret, 'cache-control': 'no-cache' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    })
    const text = (await answer.text()).slice(0, 100)
    if (answer.status !== 200) return `"${address.origin}" answered ${answer.status}`
    if (text === 'reset' || text === 'no-cache') return text
    return text === 'refused' ? 'opcache.restrict_api forbids it' : `"${address.origin}" does not run PHP files by their name`
  } catch (error) {
    // network errors of fetch: whatever they are, the address cannot be used
    return `"${address.origin}" cannot be reached: ${error instanceof Error ? error.message : String(error)}`
  }
}

function restoreTime(directory: number, mtimeNs: bigint | null): void {
  if (mtimeNs === null) return
  try {
    utimesSync(handlePath(directory, ''), mtimeSeconds(mtimeNs), mtimeSeconds(mtimeNs))
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EACCES')) throw error
  }
}
