import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { beginAudit, endAudit } from '../../access/audit.ts'
import { authorize, notAllowed } from '../../access/authorize.ts'
import { Failure } from '../../base/failure.ts'
import type { Action } from '../../contract/actions.ts'
import { SiteParams } from '../../contract/schemas.ts'
import { isDeployTag } from '../../git/deployTags.ts'
import { type GitAnswer, type GitService, gitService, serveGit } from '../../git/httpBackend.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import { problemOf } from '../problem.ts'
import type { Api } from '../server.ts'

type GitRequest = FastifyRequest<{ Params: { site: string } }>

/**
 * `/git/SITE.git`: clone, fetch and push as git speaks over HTTP. A machine token is the password, the user name is not looked
 * at. A site that is not there is refused in the words of one that is closed. Each fetch and each push has a row of its own.
 */
export async function gitRoutes(app: Api, deps: ApiDeps): Promise<void> {
  await app.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload)) // streamed, never held
    scope.setErrorHandler(answerInWords)
    const route = (action: Action) => ({
      config: { action, passwords: true },
      exposeHeadRoute: false,
      schema: { hide: true, params: SiteParams },
    })
    const serve = (path: string) => (request: GitRequest, reply: FastifyReply) => answer(deps, path, request, reply)
    scope.get('/git/:site.git/info/refs', route('code.fetch'), serve('info/refs'))
    scope.post('/git/:site.git/git-upload-pack', route('code.fetch'), serve('git-upload-pack'))
    scope.post('/git/:site.git/git-receive-pack', route('code.push'), serve('git-receive-pack'))
  })
}

async function answer(deps: ApiDeps, path: string, request: GitRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { db } = deps.store
  const { site } = request.params
  const caller = callerOf(request)
  const query = request.url.split(/\?(.*)/s)[1] ?? ''
  const service = gitService(request.method, path, query)
  const action: Action = service === 'git-receive-pack' ? 'code.push' : 'code.fetch'
  const subject = { site, environment: null, object: null }
  const { actor } = caller
  const begin = (): Promise<number> => beginAudit(db, { actor, action, subject, address: request.ip })

  let found: Awaited<ReturnType<typeof deps.git.find>>
  try {
    authorize(caller, action, subject) // the route's own action is that of a fetch, whatever follows
    found = await deps.git.find(site)
    if (found === null) throw notAllowed(caller, action, subject)
  } catch (error) {
    if (error instanceof Failure && error.code === 'NOT_ALLOWED' && request.audit === null)
      await endAudit(db, await begin(), error.code)
    throw error
  }
  // what is only asked for the refs is no fetch yet, and no push
  const row = request.audit ?? (service === path ? await begin() : null)
  request.audit = null
  reply.hijack()
  try {
    const services = new Set<GitService>(service === null ? [] : [service])
    const { repository, allowForce } = found
    const mayUpdate = (ref: string): boolean => !isDeployTag(ref)
    const done = await serveGit(repository, request.raw, reply.raw, { path, query, services, allowForce, mayUpdate })
    if (done.failure !== null)
      request.log.warn({ site, service, status: done.status, failure: done.failure }, 'git did not end well')
    if (done.changes.length > 0) {
      await deps.git
        .pushed(site, done.changes, actor)
        .catch((error: unknown) => request.log.error({ err: error, site }, 'a push stands, and nobody acts upon it yet'))
    }
    if (row !== null) await endAudit(db, row, done.failure === null ? 'done' : 'GIT_FAILED', detailsOf(done))
  } catch (error) {
    request.log.error({ err: error, site, service }, 'a request of git failed')
    if (!reply.raw.headersSent) reply.raw.writeHead(500, { 'content-type': 'text/plain' })
    reply.raw.end()
    if (row !== null) await endAudit(db, row, error instanceof Failure ? error.code : 'INTERNAL').catch(() => {}) // told above
  }
  return reply
}

const refsMax = 50

function detailsOf({ status, changes }: GitAnswer): Record<string, unknown> {
  return changes.length === 0 ? { status } : { status, refs: changes.length, changes: changes.slice(0, refsMax) }
}

/** git shows its user plain text, line by line. */
function answerInWords(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof Failure ? error : null
  const status = known?.status ?? (error as Partial<FastifyError>).statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'a request of git failed')
  request.outcome = known?.code ?? (status < 500 ? 'INPUT_INVALID' : 'INTERNAL')
  if (status === 401) void reply.header('www-authenticate', 'Basic realm="cairn"')
  const { detail, hint } = known === null ? { detail: 'Cannot answer the request', hint: null } : problemOf(known)
  const lines = [detail, status === 401 ? 'Any user name, and a machine token as the password' : hint]
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('text/plain; charset=utf-8')
    .send(`${lines.filter((line) => line !== null).join('\n')}\n`)
}
