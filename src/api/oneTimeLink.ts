import type { OneTimeCode } from '../access/oneTimeCodes.ts'
import { type OneTimeLink, oneTimePages } from '../contract/accessSchemas.ts'
import type { ApiDeps } from './deps.ts'

/** The code stands behind the `#`: a browser keeps that to itself, so no log and no other site gets it. */
export function linkOf({ publicUrl }: Pick<ApiDeps, 'publicUrl'>, { purpose, code, expiresAt }: OneTimeCode): OneTimeLink {
  return { purpose, code, url: `${publicUrl()}${oneTimePages[purpose]}#${code}`, expiresAt: expiresAt.toISOString() }
}
