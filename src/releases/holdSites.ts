import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../base/failure.ts'
import { syncDirectorySync } from '../base/files.ts'
import { announceChange, mtimeSeconds, removeFile, renameEntry, statOrNull } from '../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../hosts/local/handles.ts'
import { resolveTrusted } from '../hosts/local/resolveTrusted.ts'
import { isHeldBy, sitesFile } from '../sites/frameworks/drupal/hold.ts'

const name = basename(sitesFile.path)
const kept = basename(sitesFile.kept)
const aside = 'cairn-new-sites.php'

/** PHP goes on with the site's own file, compiled, until it looks at the file again: `opcache.revalidate_freq`, two seconds. */
const compiledMs = 2_100

/** Command line programs (Drush, cron) are stopped as well: they would write into what is being exchanged. */
const text = `<?php
${sitesFile.mark}
if (function_exists('opcache_invalidate')) { @opcache_invalidate(__FILE__, TRUE); }
if (PHP_SAPI === 'cli') { fwrite(STDERR, "This site is being changed by Cairn. Try again in a moment.\\n"); exit(75); }
header((isset($_SERVER['SERVER_PROTOCOL']) ? $_SERVER['SERVER_PROTOCOL'] : 'HTTP/1.1') . ' 503 Service Unavailable', TRUE, 503);
header('Retry-After: 5');
header('Cache-Control: no-store');
header('Content-Type: text/html; charset=utf-8');
exit('<!DOCTYPE html><title>Maintenance</title><h1>This site is being updated</h1><p>Please try again in a moment.</p>');
`

/**
 * Holds every request to a Drupal or Backdrop: each one includes `sites/sites.php`, where there is one, before it reads
 * settings, opens the database or looks into a cache. Most sites have none, and ours comes and goes. One that the site has is
 * kept under a second name meanwhile (the same inode, so it comes back as it was) and is never edited.
 *
 * Resolves when no request that begins can miss it, unless PHP was told to look at files seldom or never: then only its reload,
 * which follows in a restore, makes it see ours. Killed at any moment, the two names say how far it was; `letSitesIn` goes on
 * from there.
 */
export async function holdSites(docroot: string): Promise<'held' | 'impossible'> {
  let tookPlace = false
  const isHolding = await inSites(docroot, (sites) => {
    const at = (file: string): Buffer => handlePath(sites, file)
    if (isHeld(sites)) return
    settle(sites)
    writeNew(at(aside))
    if (statOrNull(at(name)) !== null) {
      announceChange()
      linkSync(at(name), at(kept))
      tookPlace = true
    }
    renameEntry(at(aside), at(name))
    syncDirectorySync(at('').toString())
  })
  if (tookPlace) await sleep(compiledMs)
  return isHolding ? 'held' : 'impossible'
}

/** Gives `sites/sites.php` back as it was. May be called at any time, also when nothing is held. */
export async function letSitesIn(docroot: string): Promise<void> {
  await inSites(docroot, settle)
}

/** Ours goes, the site's own comes back; where the site's own stands at its place, only a second name of it goes. */
function settle(sites: number): void {
  const at = (file: string): Buffer => handlePath(sites, file)
  if (statOrNull(at(aside)) !== null) removeFile(at(aside))
  const hasKept = statOrNull(at(kept)) !== null
  if (isHeld(sites)) {
    if (hasKept) renameEntry(at(kept), at(name))
    else removeFile(at(name))
  } else if (hasKept) {
    if (statOrNull(at(name)) === null) renameEntry(at(kept), at(name))
    else removeFile(at(kept))
  }
  syncDirectorySync(at('').toString())
}

function isHeld(sites: number): boolean {
  const path = handlePath(sites, name)
  return statOrNull(path)?.isFile() === true && isHeldBy(path.toString())
}

function writeNew(path: Buffer): void {
  announceChange()
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    writeSync(fd, text)
    fchmodSync(fd, 0o644) // PHP reads it under another account than ours
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Works in the directory `sites` and gives it back its mode and time; false where there is none. */
async function inSites(docroot: string, work: (sites: number) => void): Promise<boolean> {
  let sites: number
  try {
    sites = openDirectory(resolveTrusted(join(docroot, 'sites')))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
  try {
    const before = fstatSync(sites, { bigint: true })
    // an owner opens a directory that is 0555 for the time of a change
    const isLocked = (before.mode & 0o200n) === 0n && Number(before.uid) === process.geteuid?.() && before.uid !== 0n
    if (isLocked) chmodSync(handlePath(sites, ''), Number(before.mode & 0o7777n) | 0o200)
    try {
      work(sites)
    } finally {
      if (isLocked) chmodSync(handlePath(sites, ''), Number(before.mode & 0o7777n))
      restoreTime(sites, before.mtimeNs)
    }
    return true
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    throw new Failure('PREFLIGHT_REFUSED', `Cannot hold requests by "${join(docroot, sitesFile.path)}": ${error.code}`, {
      hint: 'Cairn must be able to write into this directory',
      retry: 'after-repair',
      cause: error,
    })
  } finally {
    closeSync(sites)
  }
}

function restoreTime(directory: number, mtimeNs: bigint): void {
  try {
    utimesSync(handlePath(directory, ''), mtimeSeconds(mtimeNs), mtimeSeconds(mtimeNs))
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EACCES')) throw error // only its owner may
  }
}
