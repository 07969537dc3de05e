import type { Readable } from 'node:stream'
import { cgiParams } from './fastcgi/params.ts'
import { type ReleaseTree, route } from './route.ts'
import type { PageAnswer, PhpAnswer, PhpRequest } from './types.ts'

export interface PageRequest {
  tree: ReleaseTree
  /** Path and query */
  target: string
  /** The address that the environment is visited at: what a visitor's request would say */
  url: string
  checkSecret: string
  /** The database is at PHP's default socket */
  isBoot?: boolean
  signal?: AbortSignal
}

const textMaxBytes = 256 << 10

/**
 * Asks a release for one page, let through by the check secret whether it is current or not: to warm it up, or to see whether it
 * boots. Redirects are answered, not followed.
 *
 * @throws {Failure} PHP_FAILED
 */
export async function askPage(ask: (request: PhpRequest) => Promise<PhpAnswer>, page: PageRequest): Promise<PageAnswer> {
  const { tree, target, url, checkSecret, isBoot = false, signal } = page
  const found = route(tree, target)
  if (found.kind !== 'php') return { status: 404, location: null, title: null, text: '', errors: '' }
  const { host, protocol } = new URL(url)
  const request = {
    method: 'GET',
    target,
    host,
    isHttps: protocol === 'https:',
    headers: [['User-Agent', 'Cairn check']] as const,
    bodyBytes: null,
    remoteAddress: '127.0.0.1',
  }
  const answer = await ask({
    params: {
      ...cgiParams(request, { documentRoot: tree.docroot, scriptName: found.scriptName, pathInfo: found.pathInfo }),
      CAIRN_CHECK: checkSecret,
      ...(isBoot ? { CAIRN_BOOT: '1' } : {}),
    },
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await readText(answer.body)
  return {
    status: answer.status,
    location: answer.headers.find(([name]) => name === 'location')?.[1] ?? null,
    title: /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim() ?? null,
    text,
    errors: answer.errors(),
  }
}

/** Reads to the end, so that PHP comes to its own. */
async function readText(body: Readable): Promise<string> {
  const pieces: Buffer[] = []
  let held = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    if (held < textMaxBytes) pieces.push(piece)
    held += piece.length
  }
  return Buffer.concat(pieces).subarray(0, textMaxBytes).toString('utf8')
}
