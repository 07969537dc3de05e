import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { releaseCredentials } from '../../releases/managed/content.ts'
import { readReleaseFile } from '../../releases/managed/describeRelease.ts'
import { releasePaths } from '../../releases/managed/layout.ts'
import type { Release } from '../../releases/managed/records.ts'
import type { BootResult } from '../../runtime/types.ts'
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

/**
 * Boots a release by itself before anybody is sent to it. One that does not boot is refused, unless the current one, asked in
 * the same way, fails at the same page with the same status: restoring parts of a broken site is how it is mended.
 *
 * @throws {Failure} VERIFY_FAILED
 */
export async function tryRelease(house: House, ground: Ground, number: number, run: Run): Promise<Tried> {
  const { place, current } = ground
  const result = await boot(ground, await house.managed.releases.find(place.id, number))
  return judgeTrial(result, () => (current === null ? Promise.resolve(null) : boot(ground, current)), run)
}

/**
 * @param result null for a release that is not asked
 * @param bootCurrent asked only when the new one does not boot; null where there is none, or it is not asked
 * @throws {Failure} VERIFY_FAILED
 */
export async function judgeTrial(
  result: BootResult | null,
  bootCurrent: () => Promise<BootResult | null>,
  run: Run,
): Promise<Tried> {
  if (result === null) return { isBroken: false, said: [] }
  const said = result.isIsolated
    ? []
    : ['the new release was tried without a wall around the network: this machine allows no namespaces']
  if (result.ok) {
    run.log('info', `the new release boots: "${result.title ?? ''}"`)
    return { isBroken: false, said }
  }
  const found = `at "${result.path ?? '/'}" ${result.error ?? 'it fails'}`
  const before = await bootCurrent()
  if (before === null || before.ok || before.path !== result.path || before.status !== result.status)
    throw new Failure('VERIFY_FAILED', `Cannot use the new release: ${found}`, { hint: 'The environment is as it was' })
  const message = `The new release does not run, as the one before did not: ${found}`
  run.warn({ code: 'RELEASE_BROKEN', element: null, message, path: null })
  return { isBroken: true, said }
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
    signs: rulesOf(code.framework).boots,
  })
}
