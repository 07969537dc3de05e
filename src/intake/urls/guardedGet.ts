import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Failure } from '../../base/failure.ts'
import type { Target } from './target.ts'

export interface GetOptions {
  headers: Record<string, string>
  /** Which addresses may be connected to: `isPublicAddress`, or `anyAddress` where the administrator allows private ones */
  mayReach: (address: string) => boolean
  /** Without a byte for so long, the connection is given up */
  idleMs: number
  signal: AbortSignal
  /** Instead of the system's resolver */
  resolve?: (host: string) => Promise<LookupAddress[]>
}

/**
 * One GET. The name is resolved once, every address it has is judged, and the connection goes to one of these: a name that is
 * answered otherwise the next time gains nothing. No connection is kept, so no later request takes it.
 *
 * @throws {Failure} FETCH_REFUSED for an address that is not public; other errors are the network's
 */
export function guardedGet(target: Target, options: GetOptions): Promise<IncomingMessage> {
  const { url } = target
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !options.mayReach(host)) return Promise.reject(refusedAddress(target, host))
  const lookup: LookupFunction = (name, wanted, done) => {
    resolveAll(name, options).then(
      (found) => {
        const bad = found.find(({ address }) => !options.mayReach(address))
        const [first] = found
        if (bad !== undefined) done(refusedAddress(target, bad.address), [])
        else if (first === undefined) done(new Error(`no address for ${name}`), [])
        else if (wanted.all === true) done(null, found)
        else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, []),
    )
  }
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send({
      method: 'GET',
      host,
      port: url.port === '' ? undefined : Number(url.port),
      path: target.path,
      headers: { host: url.host, 'user-agent': 'cairn', accept: '*/*', 'accept-encoding': 'identity', ...options.headers },
      ...(url.username === '' ? {} : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
      agent: false,
      lookup,
      signal: options.signal,
      timeout: options.idleMs,
    })
    request.once('timeout', () => request.destroy(new Error(`nothing came for ${Math.round(options.idleMs / 1000)} seconds`)))
    request.once('response', (response) => {
      request.off('error', reject).on('error', () => {}) // from here on the body tells
      resolve(response)
    })
    request.once('error', reject)
    request.end()
  })
}

function resolveAll(name: string, options: GetOptions): Promise<LookupAddress[]> {
  if (options.resolve !== undefined) return options.resolve(name)
  return new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
}

function refusedAddress(target: Target, address: string): Failure {
  return new Failure('FETCH_REFUSED', `Cannot fetch ${target.shown}: its address ${address} is not one of the public internet`, {
    hint: 'Upload the file instead, or let the administrator allow private addresses with fetchPrivate (CAIRN_FETCH_PRIVATE)',
  })
}
