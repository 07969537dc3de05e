import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { listenTrouble } from '../base/listenTrouble.ts'
import { route } from '../runtime/route.ts'
import type { PhpPlace, PhpPool } from '../runtime/types.ts'
import { hostName } from './address.ts'
import { passToPhp } from './passToPhp.ts'
import { sendFile } from './sendFile.ts'
import { currentRelease, isInMaintenance, type Served } from './served.ts'

export interface GatewayOptions {
  listen: { host: string; port: number }
  /** The environment that a host name belongs to, without its port; null for none */
  find(host: string): Promise<Served | null>
  pools: { forEnvironment(place: PhpPlace): PhpPool }
  /** Where large request bodies wait for PHP; nothing stays in it */
  bodies: string
  log: (line: string) => void
}

export interface Gateway {
  host: string
  port: number
  close(): Promise<void>
}

const headersMaxBytes = 32 << 10
const headersTimeoutMs = 30_000
const closingPatienceMs = 10_000
export const retryAfterSeconds = 5

/**
 * Shows every managed environment under its host name: files as they are, everything else through PHP.
 *
 * @throws {Failure} CONFIG_INVALID when the address cannot be listened on
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  mkdirSync(options.bodies, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(options.bodies)) rmSync(join(options.bodies, name)) // of a process that was killed just then
  const server = createServer(
    { maxHeaderSize: headersMaxBytes, headersTimeout: headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: 10_000 },
    (request, response) => {
      response.on('error', () => {}) // the visitor has gone
      answer(request, response, options).catch((error: unknown) => {
        const isPhps = error instanceof Failure && error.code === 'PHP_FAILED'
        const words = error instanceof Error ? (isPhps ? error.message : (error.stack ?? error.message)) : String(error)
        options.log(`${request.headers.host ?? ''} ${request.method} ${request.url}: ${words}`)
        if (response.headersSent) response.destroy()
        else say(response, isPhps ? 502 : 500, isPhps ? 'PHP did not answer' : 'Something went wrong in the gateway')
      })
    },
  )
  await listen(server, options.listen)
  const { address, port } = server.address() as AddressInfo
  return { host: address, port, close: () => close(server) }
}

async function answer(request: IncomingMessage, response: ServerResponse, options: GatewayOptions): Promise<void> {
  const name = hostName(request.headers.host)
  if (name === null) return say(response, 400, 'The request names no host')
  const served = await options.find(name)
  if (served === null) return say(response, 404, 'There is no site at this address')
  const headers: OutgoingHttpHeaders = served.place.isLive ? {} : { 'x-robots-tag': 'noindex, nofollow' }
  if (isInMaintenance(served)) return sayLater(response, 'The site is being changed')
  const tree = currentRelease(served)
  if (tree === null) return sayLater(response, 'The site is not ready')
  // some clients send the whole address
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '') || '/'
  const found = route(tree, target)
  switch (found.kind) {
    case 'refused':
      return say(response, found.status, 'There is nothing to see at this address')
    case 'redirect':
      response.writeHead(301, { location: found.to, ...headers })
      response.end()
      return
    case 'file':
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return say(response, 405, 'This is a file', { allow: 'GET, HEAD' })
      if (await sendFile(request, response, { ...found, uid: served.place.uid }, headers)) return
      return say(response, 404, 'There is nothing to see at this address')
    case 'php': {
      const pool = options.pools.forEnvironment(served.place)
      const script = { documentRoot: tree.docroot, scriptName: found.scriptName, pathInfo: found.pathInfo }
      return passToPhp(request, response, { pool, script, target, isHttps: served.isHttps, bodies: options.bodies }, headers)
    }
  }
}

function sayLater(response: ServerResponse, words: string): void {
  say(response, 503, words, { 'retry-after': String(retryAfterSeconds) })
}

function say(response: ServerResponse, status: number, words: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(`${words}\n`)
}

function listen(server: Server, { host, port }: GatewayOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const trouble = listenTrouble(cause)
      if (trouble === null) return reject(cause)
      const hint = 'Choose another address with --gateway-listen or CAIRN_GATEWAY_LISTEN'
      reject(new Failure('CONFIG_INVALID', `Cannot show sites on "${host}:${port}": ${trouble}`, { hint, cause }))
    })
    server.listen(port, host, () => resolve())
  })
}

/** Takes nothing new, lets what runs end for a while. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), closingPatienceMs)
  await closed
  clearTimeout(timer)
}
