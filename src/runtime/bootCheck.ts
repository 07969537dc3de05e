import { chownSync, mkdirSync, realpathSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { writeFileDurably } from '../base/files.ts'
import { askPage } from './askPage.ts'
import { startRelay } from './databaseRelay.ts'
import { judgeBoot } from './judgeBoot.ts'
import { askFastCgi } from './fastcgi/askFastCgi.ts'
import type { Fpm } from './php/findFpm.ts'
import { fpmConfig, type FpmLimits } from './php/fpmConfig.ts'
import { type RunningMaster, startMaster } from './php/master.ts'
import { makeTrialDirectory, type TrialDirectory } from './php/trialDirectory.ts'
import type { BootRequest, BootResult } from './types.ts'

export interface BootMachine {
  fpm: Fpm
  hasNamespaces: boolean
  limits: FpmLimits
  /** Where a run directory is made for each check, and removed again */
  directory: string
}

/** See `PhpRuntime.bootCheck`. */
export async function bootCheck(boot: BootRequest, machine: BootMachine): Promise<BootResult> {
  const { place, database, timeoutSeconds = 60 } = boot
  const trial = makeTrialDirectory(machine.directory, place)
  let relay: Server | null = null
  let master: RunningMaster | null = null
  try {
    const { configFile, socket } = prepare(boot, machine, trial)
    const databaseSocket = 'socket' in database ? database.socket : trial.relaySocket
    if (!('socket' in database)) relay = await startRelay(trial.relaySocket, database)
    master = await startMaster({
      fpm: machine.fpm,
      configFile,
      socket,
      home: trial.temporary,
      walls: { uid: place.uid, gid: place.gid, mark: trial.mark, noNewPrivileges: true, noNetwork: true },
      hasNamespaces: machine.hasNamespaces,
      more: ['opcache.enable=0', `mysqli.default_socket=${databaseSocket}`, `pdo_mysql.default_socket=${databaseSocket}`],
    })
    return { ...(await askBoth(boot, socket, timeoutSeconds)), isIsolated: machine.hasNamespaces }
  } finally {
    await master?.stop(0)
    relay?.close()
    trial.remove()
  }
}

function prepare(
  { place, timeoutSeconds = 60 }: BootRequest,
  { limits }: BootMachine,
  { path, sockets }: TrialDirectory,
): { configFile: string; socket: string } {
  const own = join(path, 'own')
  mkdirSync(own, { mode: 0o700 })
  chownSync(own, place.uid, place.gid)
  const files = { socket: join(sockets, 'php.sock'), masterLog: join(own, 'php-fpm.log'), phpLog: null }
  const configFile = join(path, 'php-fpm.conf')
  const few = { ...limits, workersMax: 4, requestSecondsMax: timeoutSeconds }
  // nothing of a release that is only tried goes out, live or not
  writeFileDurably(configFile, fpmConfig({ ...place, id: 'boot', isLive: false }, files, few, ['listen.mode = 0600']), 0o640)
  chownSync(configFile, 0, place.gid)
  return { configFile, socket: files.socket }
}

async function askBoth(boot: BootRequest, socket: string, timeoutSeconds: number): Promise<Omit<BootResult, 'isIsolated'>> {
  const { code, docroot, framework, checkSecret, url, signs, place } = boot
  const real = realpathSync(code)
  const tree = { environment: place.directory, code: real, docroot: realpathSync(join(code, docroot)), framework }
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  let front: Omit<BootResult, 'isIsolated'> | null = null
  for (const target of [signs.frontPath, signs.loginPath]) {
    try {
      const ask = { tree, target: target.startsWith('/') ? target : `/${target}`, url, checkSecret, isBoot: true, signal }
      const page = await askPage((request) => askFastCgi(socket, request), ask)
      const error = judgeBoot(page, signs, real)
      const result = { ok: error === null, status: page.status, title: page.title, error, path: error === null ? null : target }
      if (!result.ok) return result
      front ??= result
    } catch (error) {
      const isLate = signal.aborted
      if (!isLate && !(error instanceof Failure && error.code === 'PHP_FAILED')) throw error
      const words = isLate ? `it does not answer within ${timeoutSeconds} s` : error instanceof Error ? error.message : ''
      return { ok: false, status: null, title: null, error: words, path: target }
    }
  }
  if (front === null) throw new Error('no page was asked for')
  return front
}
