import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from '../server.ts'

/** Behind which no page is: programs that ask there get a problem document */
const notPages = ['/v1/', '/download/', '/git/', '/assets/', '/docs/']
const yearSeconds = 365 * 86_400
const notBuilt = `<!doctype html><title>Cairn</title><p>Cairn runs, and its dashboard was not built: run "npm run build" in the checkout.\n`

/** The one page, for addresses that no route has: it finds out by itself what to show there. */
export interface DashboardPage {
  isFor(request: FastifyRequest): boolean
  send(reply: FastifyReply): FastifyReply
}

/**
 * The dashboard: files as Vite made them, and its one page at every other address, so that each page of it can be opened and sent
 * on. It asks the interface for everything that it shows, and loads nothing from elsewhere.
 *
 * @param directories where the built files are, and the documentation that it shows
 */
export async function dashboardRoutes(app: Api, directories: { files: string; docs: string }): Promise<DashboardPage> {
  const { files, docs } = directories
  await app.register(fastifyStatic, { root: files, serve: false, cacheControl: false, preCompressed: true })
  const load = { config: { action: 'dashboard.load' }, schema: { hide: true } } as const
  const page = readPage(files)

  app.get('/', load, (_request, reply) => sendPage(reply, page()))
  /** Their names change with their content. */
  app.get('/assets/:file', load, async (request, reply) => {
    const { file } = request.params as { file: string }
    void reply.header('cache-control', `public, max-age=${yearSeconds}, immutable`)
    return reply.sendFile(`assets/${file}`)
  })
  for (const file of ['icon.svg', 'first.css', 'early.js']) {
    app.get(`/${file}`, load, async (_request, reply) => reply.header('cache-control', 'public, max-age=3600').sendFile(file))
  }
  app.get('/docs/:page', load, async (request, reply) => {
    const { page: name } = request.params as { page: string }
    if (!/^[\w-]+\.md$/.test(name)) return reply.callNotFound()
    return reply.header('cache-control', 'no-cache').sendFile(name, docs)
  })

  return {
    isFor({ method, headers, url }) {
      const wanted = (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true
      return wanted && !notPages.some((prefix) => url.startsWith(prefix))
    },
    send: (reply) => sendPage(reply, page()),
  }
}

/** Read anew each time: a build may replace it, and with it the names of the files that it asks for. */
function readPage(files: string): () => string {
  const path = join(files, 'index.html')
  return () => (existsSync(path) ? readFileSync(path, 'utf8') : notBuilt)
}

/** Scripts are files of our own; the styles that the library makes while it runs carry a word of this one answer. */
function sendPage(reply: FastifyReply, html: string): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'worker-src': "'self'",
    'style-src': `'self' 'nonce-${nonce}'`,
    'style-src-attr': "'unsafe-inline'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'form-action': "'self'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
  }
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header(
      'content-security-policy',
      Object.entries(policy)
        .map((pair) => pair.join(' '))
        .join('; '),
    )
    .send(html.replaceAll('__STYLE_NONCE__', nonce))
}
