import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { askPage } from '../../runtime/askPage.ts'
import type { PhpPool } from '../../runtime/types.ts'
import { type ManagedPlace, releasePaths } from './layout.ts'
import type { Release } from './records.ts'
import { readReleaseFile } from './describeRelease.ts'

export interface WarmOptions {
  php: Pick<PhpPool, 'request'>
  place: ManagedPlace
  release: Release
  /** The environment's address */
  url: string
  /** A release that answers with an error is taken all the same: it was so when it was current */
  mayBeBroken: boolean
  run: Run
}

/** Visitors wait for it at a 503: what takes longer is left to them. */
const patienceMs = 15_000

/**
 * Asks a release that is not current yet for its front page, so that PHP has compiled it before anybody else asks.
 *
 * @throws {Failure} VERIFY_FAILED for a server error
 */
export async function warmRelease({ php, place, release, url, mayBeBroken, run }: WarmOptions): Promise<void> {
  const paths = releasePaths(place, release.number)
  const docroot = join(paths.code, readReleaseFile(paths.release).code?.docroot ?? release.docroot)
  if (!existsSync(join(docroot, 'index.php'))) return
  const tree = { environment: place.directory, code: paths.code, docroot, framework: release.framework }
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const page = { tree, target: '/', url, checkSecret: release.secrets.checkSecret, signal }
    const { status, errors } = await askPage((request) => php.request(request), page)
    if (status >= 500) refuse(status, errors)
  } catch (error) {
    if (error instanceof Failure && error.code === 'VERIFY_FAILED' && !mayBeBroken) throw error
    warn(run, signal.aborted ? `it took longer than ${patienceMs / 1000} s` : error)
  }
}

function refuse(status: number, errors: string): never {
  const said = errors.trim().split('\n').at(-1) ?? ''
  throw new Failure(
    'VERIFY_FAILED',
    `Cannot use the new release: its front page answers ${status}${said === '' ? '' : `, ${said}`}`,
    {
      hint: 'The release before is current as it was',
    },
  )
}

function warn(run: Run, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error)
  run.warn({ code: 'NOT_WARMED', element: null, message: `The first visitors may wait: ${why}`, path: null })
}
