import { join, relative } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { releaseCredentials } from '../../releases/managed/content.ts'
import { readReleaseFile } from '../../releases/managed/describeRelease.ts'
import { releasePaths } from '../../releases/managed/layout.ts'
import type { ReadCode } from '../../releases/managed/readCode.ts'
import type { Release } from '../../releases/managed/records.ts'
import { askPage } from '../../runtime/askPage.ts'
import { judgeBoot } from '../../runtime/judgeBoot.ts'
import type { BootResult } from '../../runtime/types.ts'
import type { Boots } from '../../sites/frameworks/framework.ts'
import { rulesOf } from '../../sites/frameworks/rules.ts'
import type { House } from '../house.ts'
import { holdsTables } from './moveAddresses.ts'
import type { Ground } from './putRelease.ts'

export interface Tried {
  /** The release before was just as broken */
  isBroken: boolean
  /** What the result of the workflow says of it */
  said: string[]
}

/** What is known of the current release, asked only when the new one does not boot. */
export interface Before {
  /** In the same trial; null where there is none, or it is not asked */
  boot(): Promise<BootResult | null>
  /** With what its visitors get at that page: null for an answer that is well, or none in time */
  failsVisitors(path: string): Promise<number | null>
}

const visitSeconds = 60

/**
 * Boots a release by itself before anybody is sent to it. One that does not boot is refused, unless the current one, asked in
 * the same way, fails at the same page with the same status, and fails its visitors there too: restoring parts of a broken site
 * is how it is mended. What fails for want of a network, or of time, fails in the trial alone, whatever the release.
 *
 * @throws {Failure} VERIFY_FAILED
 */
export async function tryRelease(house: House, ground: Ground, number: number, run: Run): Promise<Tried> {
  const { place, current } = ground
  if (ground.php === null) {
    const message = `The release was not tried, and nothing shows it at ${ground.url}: managed sites do not run here (the log of the server says why)`
    run.warn({ code: 'RUNTIME_OFF', element: null, message, path: null })
  }
  const result = await boot(ground, await house.managed.releases.find(place.id, number))
  const before: Before = {
    boot: async () => (current === null ? null : boot(ground, current)),
    failsVisitors: async (path) => (current === null ? null : visit(ground, current, path, run)),
  }
  return judgeTrial(result, before, run)
}

/**
 * @param result null for a release that is not asked
 * @throws {Failure} VERIFY_FAILED
 */
export async function judgeTrial(result: BootResult | null, before: Before, run: Run): Promise<Tried> {
  if (result === null) return { isBroken: false, said: [] }
  const said = result.isIsolated
    ? []
    : ['the new release was tried without a wall around the network: this machine allows no namespaces']
  if (result.ok) {
    run.log('info', `the new release boots: "${result.title ?? ''}"`)
    return { isBroken: false, said }
  }
  const found = `at "${result.path ?? '/'}" ${result.error ?? 'it fails'}`
  if (!(await isAsBroken(result, before)))
    throw new Failure('VERIFY_FAILED', `Cannot use the new release: ${found}`, {
      hint: 'It was tried before anybody was sent to it: nothing has changed. Mend what it names, and try again',
    })
  const message = `The new release does not run, as the one before did not: ${found}`
  run.warn({ code: 'RELEASE_BROKEN', element: null, message, path: null })
  return { isBroken: true, said }
}

async function isAsBroken({ path, status }: BootResult, before: Before): Promise<boolean> {
  if (path === null || status === null) return false
  const tried = await before.boot()
  if (tried === null || tried.ok || tried.path !== path || tried.status !== status) return false
  const visited = await before.failsVisitors(path)
  return visited !== null && (visited === status || visited >= 500)
}

/** Asks the current release where it runs for its visitors. */
async function visit({ place, php, url }: Ground, release: Release, target: string, run: Run): Promise<number | null> {
  const paths = releasePaths(place, release.number)
  const { code } = readReleaseFile(paths.release)
  if (php === null || code === null) return null
  const docroot = join(paths.code, code.docroot)
  const tree = { environment: place.directory, code: paths.code, docroot, framework: code.framework }
  const signal = AbortSignal.timeout(visitSeconds * 1000)
  const pool = php.forEnvironment(place)
  try {
    const page = await askPage((request) => pool.request(request), {
      ...{ tree, target: target.startsWith('/') ? target : `/${target}`, url, signal },
      checkSecret: release.secrets.checkSecret,
    })
    return judgeBoot(page, bootsOf(code), paths.code) === null ? null : page.status
  } catch (error) {
    run.log('warn', `the release before gave no answer: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

/** A site without tables shows its installer and is not asked: null. */
async function boot({ place, php, mysql, url }: Ground, release: Release): Promise<BootResult | null> {
  const paths = releasePaths(place, release.number)
  const { code } = readReleaseFile(paths.release)
  if (php === null || code === null || !(await holdsTables(releaseCredentials(mysql, release)))) return null
  return php.bootCheck({
    ...{ place, code: paths.code, docroot: code.docroot, framework: code.framework, url },
    checkSecret: release.secrets.checkSecret,
    database: mysql.socket === null ? { host: mysql.host, port: mysql.port } : { socket: mysql.socket },
    signs: bootsOf(code),
  })
}

/** A WordPress in a folder of its own has its login in there. */
export function bootsOf({ framework, docroot, coreDirectory }: Pick<ReadCode, 'framework' | 'docroot' | 'coreDirectory'>): Boots {
  const { boots } = rulesOf(framework)
  if (framework !== 'wordpress' && framework !== 'wordpress_network') return boots
  return { ...boots, loginPath: join('/', relative(docroot, coreDirectory), boots.loginPath) }
}
