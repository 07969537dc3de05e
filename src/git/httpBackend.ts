import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable, type Writable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { startBackend } from './backendProcess.ts'
import { type ByteReader, byteReader } from './byteReader.ts'
import { passAnswer } from './cgi.ts'
import { removeLeftovers } from './leftovers.ts'
import { type PushRequest, readPushCommands } from './pushCommands.ts'
import { listRefs } from './refs.ts'
import type { SiteRepository } from './siteRepository.ts'
import { writeBytes } from '../base/writeBytes.ts'

/** Reading (clone, fetch) and writing (push), as git calls them. */
export type GitService = 'git-upload-pack' | 'git-receive-pack'

export interface ServeOptions {
  /** What follows the repository in the URL: `info/refs`, `git-upload-pack` or `git-receive-pack` */
  path: string
  /** The query without its question mark */
  query: string
  /** What this client may do */
  services: ReadonlySet<GitService>
  /** A push may rewrite history */
  allowForce: boolean
  /** Whether a push may touch this ref; below refs/heads and refs/tags alone it is asked. The others are never allowed */
  mayUpdate?: (ref: string) => boolean
  /** Nothing moves for so long: the connection is given up. 5 minutes by default; git says something every 5 s */
  idleMs?: number
}

export interface RefChange {
  ref: string
  before: string | null
  after: string | null
}

export interface GitAnswer {
  /** Of the answer; 499 when the client went before */
  status: number
  service: GitService | null
  /** What a push changed: also when the client did not wait for the answer */
  changes: RefChange[]
  /** What git said when it failed */
  failure: string | null
}

/**
 * Which service a request asks for; null for what is no smart git request. To be asked before `serveGit`, for the rights.
 */
export function gitService(method: string | undefined, path: string, query: string): GitService | null {
  const service =
    path === 'info/refs' && method === 'GET' ? new URLSearchParams(query).get('service') : method === 'POST' ? path : null
  return service === 'git-upload-pack' || service === 'git-receive-pack' ? service : null
}

/**
 * Answers one request of a git client through `git http-backend`. Bodies stream both ways, chunked and gzip too, of any size.
 * Hooks are off, everything pushed is checked, refs of Cairn are neither shown nor touched, and objects that no shown ref
 * leads to are not given away (protocol version 2, which would, is not offered). Who may do what is the caller's to decide.
 *
 * A push happens whole (each ref by itself, as git does it) or not at all, also when the client breaks off. git dies with this
 * process; it is ended when nothing moves any more.
 */
export async function serveGit(
  repository: SiteRepository,
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions,
): Promise<GitAnswer> {
  const service = gitService(request.method, options.path, options.query)
  const refuse = (status: number, words: string): GitAnswer => {
    request.resume()
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
    response.end(`${words}\n`)
    return { status, service, changes: [], failure: words }
  }
  if (service === null) return refuse(404, 'Not found: clone and push this address with git')
  if (!options.services.has(service)) return refuse(403, `Not allowed: ${service}`)

  const body = bodyOf(request)
  if (body === null) return refuse(415, 'Unsupported content encoding')
  const reader = byteReader(body)
  const isPush = service === 'git-receive-pack' && options.path === service
  const push = isPush ? await readPushCommands(reader).catch(() => null) : null
  if (isPush && push === null) return refuse(400, 'Malformed push')
  const before = push === null ? [] : await refsOf(repository, push)

  const mayUpdate = options.mayUpdate ?? (() => true)
  const barred = (push?.commands ?? []).map(({ ref }) => ref).filter((ref) => isPublic(ref) && !mayUpdate(ref))
  const run = startBackend(repository, request, { ...options, barred, writes: isPush })
  const watch = watchIdle(options.idleMs ?? 300_000, () => {
    run.end()
    request.destroy()
    response.destroy()
  })
  // who only reads needs no answer once he is gone; a push comes to its end
  if (!isPush) response.once('close', () => response.writableFinished || run.end())
  const fed = feed(run.stdin, push, reader, watch.moved)
  const hasHead = await passAnswer(run.stdout, response, watch.moved)
  await fed
  const end = await run.ended
  watch.stop()

  const after = push === null ? [] : await refsOf(repository, push)
  const changes = before.flatMap(({ ref, id }) => {
    const now = after.find((other) => other.ref === ref)?.id ?? null
    return now === id ? [] : [{ ref, before: id, after: now }]
  })
  const failure = end.code === 0 ? null : run.words() || `git ended with ${end.signal ?? `exit code ${end.code}`}`
  if (failure !== null && isPush) await removeLeftovers(repository)
  if (!hasHead) return { ...refuse(500, 'The repository cannot be read now'), changes, failure }
  response.end()
  return { status: request.destroyed && !request.complete ? 499 : response.statusCode, service, changes, failure }
}

/** The body without its encoding. */
function bodyOf(request: IncomingMessage): Readable | null {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return request
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return null
  return pipeline(request, createGunzip(), () => {}) // told by the reader
}

async function refsOf(repository: SiteRepository, push: PushRequest): Promise<{ ref: string; id: string | null }[]> {
  const all = new Map((await listRefs(repository, ['refs/'])).map(({ name, id }) => [name, id]))
  return [...new Set(push.commands.map(({ ref }) => ref))].map((ref) => ({ ref, id: all.get(ref) ?? null }))
}

/** Gives git the request. One that breaks off ends early for git too, which then changes nothing. */
async function feed(stdin: Writable, push: PushRequest | null, reader: ByteReader, moved: () => void): Promise<void> {
  try {
    if (push !== null) await writeBytes(stdin, push.bytes)
    for await (const piece of reader.rest()) {
      moved()
      if (await writeBytes(stdin, piece)) moved()
    }
  } catch {
    // told by git's exit code
  }
  stdin.end()
}

const isPublic = (ref: string): boolean => ref.startsWith('refs/heads/') || ref.startsWith('refs/tags/')

function watchIdle(idleMs: number, onIdle: () => void): { moved(): void; stop(): void } {
  let last = performance.now()
  const timer = setInterval(() => void (performance.now() - last > idleMs && onIdle()), Math.max(20, idleMs / 10))
  return { moved: () => void (last = performance.now()), stop: () => clearInterval(timer) }
}
