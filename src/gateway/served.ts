import { existsSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import type { Framework } from '../contract/words.ts'
import type { ReleaseTree } from '../runtime/route.ts'
import type { PhpPlace } from '../runtime/types.ts'

/** What the gateway has to know of an environment. */
export interface Served {
  place: PhpPlace
  framework: Framework
  /** Of the current release, relative to its code */
  docroot: string
  /** Visitors reach it by https, through a proxy that takes it off */
  isHttps: boolean
}

/**
 * The release that answers a request, looked up once for it: whatever the link does meanwhile, all of the request is of one
 * release. Null while there is none.
 */
export function currentRelease({ place, framework, docroot }: Served): ReleaseTree | null {
  const environment = place.directory
  try {
    const link = readlinkSync(join(environment, 'current'))
    if (!/^releases\/\d+$/.test(link)) return null
    const code = join(environment, link, 'code')
    const root = realpathSync(join(code, docroot))
    return root === code || root.startsWith(`${code}/`) ? { environment, code, docroot: root, framework } : null
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return null
    throw error
  }
}

export function isInMaintenance({ place }: Served): boolean {
  return existsSync(join(place.directory, 'maintenance'))
}
