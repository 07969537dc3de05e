import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach } from 'vitest'
import type { BackupView, LinkView } from '../contract/schemas.ts'
import type { WorkflowView } from '../contract/workSchemas.ts'
import { runCommandLine } from './main.ts'
import type { Terminal } from './terminal.ts'

export type Routes = Record<string, Handler>
type Handler = (request: IncomingMessage & { body: unknown; query: URLSearchParams }, response: ServerResponse) => unknown

/** A small server that speaks some routes: what a handler gives back is sent as JSON, unless it answered itself. */
export async function startServer(routes: Routes) {
  const seen: { method: string; path: string; body: unknown; authorization: string | undefined }[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part as string
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    seen.push({ method: request.method ?? '', path: url.pathname, body, authorization: request.headers.authorization })
    const handler = routes[`${request.method} ${url.pathname}`]
    if (handler === undefined) return problem(response, 404, 'BACKUP_NOT_FOUND', `no route ${request.method} ${url.pathname}`)
    const answer = await handler(Object.assign(request, { body, query: url.searchParams }), response)
    if (answer !== undefined && !response.headersSent) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
    return undefined
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    seen,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

/** Servers and homes that end with the test. */
export function harness() {
  const cleanups: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup()
  })
  return {
    async serve(routes: Routes) {
      const health = { status: 'ok', version: '1', instance: 'x', keyExported: true }
      const server = await startServer({ 'GET /v1/health': () => health, ...routes })
      cleanups.push(server.stop)
      return { ...server, env: { CAIRN_URL: server.url, CAIRN_TOKEN: 'cairn_x' } }
    },
    home(): string {
      const directory = mkdtempSync(join(tmpdir(), 'cairn-home-'))
      cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
      return directory
    },
  }
}

export function problem(
  response: ServerResponse,
  status: number,
  code: string,
  detail: string,
  hint: string | null = null,
): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail, hint }))
}

interface RunOptions {
  env?: Record<string, string>
  stdin?: string
  tty?: boolean
  /** An error stands for a person who left the question */
  answers?: (string | boolean | Error)[]
  interrupt?: Promise<void>
  columns?: number
}

/** Runs one command line as `bin/cairn` does, in a home of its own, with streams that are looked at afterwards. */
export async function run(argv: string[], options: RunOptions = {}) {
  const home = options.env?.['HOME'] ?? mkdtempSync(join(tmpdir(), 'cairn-cli-'))
  const answers = [...(options.answers ?? [])]
  const asked: string[] = []
  let out = ''
  let err = ''
  const answer = async <T>(message: string): Promise<T> => {
    asked.push(message)
    const given = answers.shift()
    if (given instanceof Error) throw given
    return given as T
  }
  const terminal: Terminal = {
    env: { HOME: home, CAIRN_DATA: join(home, 'data'), ...options.env },
    cwd: home,
    stdin: Readable.from([options.stdin ?? '']),
    interactive: options.tty === true,
    outIsTty: false,
    errIsTty: options.tty === true,
    columns: () => options.columns ?? 100,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    ask: { confirm: answer, text: answer, password: answer },
    onInterrupt(handler) {
      void options.interrupt?.then(handler)
      return () => {}
    },
  }
  try {
    const exit = await runCommandLine(argv, {}, terminal)
    return { exit, out, err, asked, home }
  } finally {
    if (options.env?.['HOME'] === undefined) rmSync(home, { recursive: true, force: true })
  }
}

const actor = { kind: 'person', id: 'owner@example.org', name: 'Owner' } as const
export const workflowId = '01JB2000000000000000000001'
export const backupId = '01JB2000000000000000000002'

export function workflow(change: Partial<WorkflowView> = {}): WorkflowView {
  return {
    id: workflowId,
    kind: 'backup',
    site: 'blog',
    environment: 'dev',
    state: 'succeeded',
    actor,
    createdAt: '2026-03-01T10:00:00.000Z',
    startedAt: null,
    finishedAt: null,
    cancellable: true,
    cancelRequested: false,
    revision: 1,
    steps: [],
    result: null,
    failure: null,
    warnings: [],
    ...change,
  }
}

export function backup(change: Partial<BackupView> = {}): BackupView {
  const held = { sizeBytes: 1_240_000, entryCount: 3, rawBytes: 2_000_000, sha256: null, provenAt: null, holdsSecrets: false }
  const environment = change.environment ?? 'dev'
  const stem = `blog_${environment}_2026-03-01T10-00-00_UTC`
  return {
    id: backupId,
    site: 'blog',
    environment,
    trigger: 'manual',
    actor,
    state: 'proven',
    momentAt: '2026-03-01T10:00:00.000Z',
    createdAt: '2026-03-01T10:00:00.000Z',
    expiresAt: '2027-03-01T10:00:00.000Z',
    locked: false,
    note: null,
    deletedAt: null,
    recallUntil: null,
    workflowId,
    warnings: [],
    elements: [
      { element: 'code', fileName: `${stem}_code.tar.gz`, ...held },
      { element: 'files', fileName: `${stem}_files.tar.gz`, ...held },
      { element: 'database', fileName: `${stem}_database.sql.gz`, ...held },
    ],
    facts: {},
    ...change,
  }
}

export function link(change: Partial<LinkView>): LinkView {
  const expiresAt = '2026-03-01T11:00:00.000Z'
  return { id: 'link', url: '', fileName: 'x', sizeBytes: 0, sha256: null, expiresAt, warning: null, ...change }
}
