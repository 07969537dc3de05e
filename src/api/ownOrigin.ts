import type { FastifyRequest } from 'fastify'
import { Failure } from '../base/failure.ts'

const safeMethods = ['GET', 'HEAD', 'OPTIONS']

export function isUnsafe(request: FastifyRequest): boolean {
  return !safeMethods.includes(request.method)
}

/**
 * A request that a browser's cookie speaks for must come from a page of ours. Browsers say so: with `Sec-Fetch-Site` (over https and
 * on this machine), else with `Origin`. A program that logs in without a browser sends neither.
 *
 * @param strict refuses a request that tells nothing: it has a cookie, so a browser sent it, or should have
 * @throws {Failure} ORIGIN_REFUSED
 */
export function requireOwnOrigin(request: FastifyRequest, publicUrl: string, strict: boolean): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'same-origin') return
  if (site === undefined && origin !== undefined && isOurs(origin, request, publicUrl)) return
  if (site === undefined && origin === undefined && !strict) return
  throw new Failure(
    'ORIGIN_REFUSED',
    `Cannot accept this request: it came from ${said(origin)}, not from a page of this server`,
    {
      hint: 'Open the dashboard by the address in CAIRN_PUBLIC_URL; programs send a machine token in place of a cookie',
    },
  )
}

function isOurs(origin: string, request: FastifyRequest, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  return origin === `${request.protocol}://${request.host}` || (URL.canParse(publicUrl) && origin === new URL(publicUrl).origin)
}

function said(origin: string | undefined): string {
  return origin === undefined ? 'an address that the browser does not tell' : `"${origin.slice(0, 200)}"`
}
