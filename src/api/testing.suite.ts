// The real interface on a loopback port: real state database, real repository, real queue (without a worker).
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureOwner } from '../access/people.ts'
import { createToken } from '../access/tokens.ts'
import { Failure } from '../base/failure.ts'
import type { EnvironmentView } from '../contract/schemas.ts'
import { type Actor, type WorkflowKind, workflowKinds } from '../contract/words.ts'
import { openIntake } from '../intake/intake.ts'
import { openUploadDesk } from '../intake/uploads/desk.ts'
import { defineWorkflow } from '../queue/define.ts'
import { openQueue } from '../queue/queue.ts'
import { newRepositoryKey } from '../repository/keys.ts'
import { createRepository } from '../repository/repository.ts'
import { startTestState } from '../state/testing.ts'
import { buildApi } from './buildApi.ts'
import type { ApiDeps, Place } from './deps.ts'
import type { Api } from './server.ts'

export type TestApi = Awaited<ReturnType<typeof startTestApi>>

export async function startTestApi(change: Partial<ApiDeps> = {}) {
  const state = await startTestState()
  const directory = mkdtempSync(join(tmpdir(), 'cairn-api-'))
  const repository = await createRepository({
    directory: join(directory, 'repository'),
    db: state.db,
    key: newRepositoryKey('01TEST'),
    instance: 'test',
  })
  const definitions = workflowKinds.map((kind) =>
    defineWorkflow({ kind, version: 1, changes: kind !== 'backup', run: async () => null }),
  )
  const queue = await openQueue({ state, definitions, locksDirectory: join(directory, 'locks') })
  const begin = (kind: WorkflowKind, site: string, environment: string | null, actor: Actor, input: object) => {
    const about = { site, environment, environmentIds: ['E1'] }
    return queue.enqueue({ kind, ...about, actor, input, dedupeKey: null, queue: true })
  }
  const address = { url: '' }
  const deps: ApiDeps = {
    version: '0.0.0-test',
    instance: 'test',
    publicUrl: () => address.url,
    trustProxy: false,
    log: null,
    store: { db: state.db, repository },
    sites: sites(),
    journeys: {
      ...journeys(begin),
      previewRestore: async () => {
        throw new Failure('PREFLIGHT_REFUSED', 'Cannot preview: this is a test')
      },
    },
    queue,
    settings: { read: async () => ({ supportContact: null }), change: async () => ({ supportContact: null }) },
    key: { exported: async () => false, export: async () => ({ key: 'CAIRN-KEY', repositoryId: repository.id }) },
    git: { find: async () => null, pushed: async () => {} },
    uploads: openUploadDesk(openIntake({ db: state.db, directory: join(directory, 'intake'), limitBytes: null })),
    ...change,
  }
  const app = await listen(deps)
  address.url = urlOf(app)
  const owner = await ensureOwner(state.db, { email: 'o@example.org', name: 'O' })
  const { token } = await createToken(state.db, { personId: owner.id, name: 'test' })
  return {
    app,
    db: state.db,
    repository,
    queue,
    token,
    url: address.url,
    call: caller(address.url, token),
    /** A second interface over the same state, with something changed */
    async beside(other: Partial<ApiDeps>) {
      const second = await listen({ ...deps, ...other })
      return { url: urlOf(second), call: caller(urlOf(second), token), stop: () => second.close() }
    },
    async stop() {
      await app.close()
      await queue.close()
      await state.stop()
      rmSync(directory, { recursive: true })
    },
  }
}

async function listen(deps: ApiDeps): Promise<Api> {
  const app = await buildApi(deps)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

function urlOf(app: Api): string {
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

function caller(url: string, token: string) {
  return (method: string, path: string, body?: unknown, bearer: string | null = token) =>
    call(`${url}${path}`, method, body, bearer)
}

async function call(url: string, method: string, body: unknown, bearer: string | null) {
  const headers = {
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await answer.text()
  const json = text === '' ? null : (JSON.parse(text) as Record<string, unknown>)
  return { status: answer.status, headers: answer.headers, text, json, body: json ?? {} }
}

export interface Fetched {
  status: number
  statusMessage: string
  headers: IncomingMessage['headers']
  body: Buffer
  /** The whole body came, and the connection did not break */
  complete: boolean
}

/** One plain request, without anything that hides how the connection ended. */
export function fetchRaw(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      request.off('error', reject).on('error', () => {}) // a reset comes here too, and then to the response
      const parts: Buffer[] = []
      const end = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          statusMessage: response.statusMessage ?? '',
          headers: response.headers,
          body: Buffer.concat(parts),
          complete: response.complete,
        })
      response.on('data', (part: Buffer) => void parts.push(part))
      response.once('end', end)
      response.once('error', end)
    })
    request.once('error', reject)
    request.end()
  })
}

type Begin = (
  kind: WorkflowKind,
  site: string,
  environment: string | null,
  actor: Actor,
  input: object,
) => ReturnType<ApiDeps['journeys']['undo']>

/** Each puts a workflow of its kind into the queue, with what it was asked. */
function journeys(begin: Begin): Omit<ApiDeps['journeys'], 'previewRestore'> {
  const at =
    (kind: WorkflowKind) =>
    ({ site, environment }: Place, input: object, actor: Actor) =>
      begin(kind, site, environment, actor, input)
  return {
    ...{ backup: at('backup'), restore: at('restore'), deploy: at('deploy') },
    ...{ importElement: at('import'), searchReplace: at('search_replace') },
    changeSettings: at('change_settings'),
    undo: (place, actor) => at('undo')(place, {}, actor),
    detach: (place, actor) => at('detach')(place, {}, actor),
    wipe: (place, actor) => at('wipe')(place, {}, actor),
    clone: (from, to, input, actor) => at('clone')(to, { from, ...input }, actor),
    revertCode: (place, commit, actor) => at('revert_code')(place, { commit }, actor),
    resetCode: (place, commit, actor) => at('reset_code')(place, { commit }, actor),
    deleteEnvironment: (place, actor) => at('delete_environment')(place, {}, actor),
    addEnvironment: ({ site, ...input }, actor) => begin('add_environment', site, input.environment, actor, input),
    checkSite: async () => {},
    createSite: (input, actor) => begin('create_site', input.site, null, actor, input),
    deleteSite: ({ site }, actor) => begin('delete_site', site, null, actor, {}),
  }
}

function sites(): ApiDeps['sites'] {
  const environment: EnvironmentView = {
    id: 'E1',
    site: 'shop',
    name: 'dev',
    kind: 'attached',
    framework: 'wordpress',
    version: '6.5',
    codeRoot: '/srv/shop',
    docroot: '/srv/shop',
    filesDirectory: '/srv/shop/wp-content/uploads',
    configFiles: [],
    url: null,
    database: { host: 'localhost', port: null, socket: null, user: 'shop', name: 'shop', passwordPresent: true, tls: null },
    adminDatabase: false,
    managed: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    undo: null,
    undoSets: [],
  }
  const site = {
    name: 'shop',
    label: 'Shop',
    framework: 'wordpress' as const,
    environments: ['dev'],
    gitUrl: null,
    createdAt: environment.createdAt,
  }
  return {
    detect: async () => {
      throw new Failure('CMS_NOT_FOUND', 'Cannot detect: this is a test')
    },
    attach: async () => {
      throw new Failure('CMS_NOT_FOUND', 'Cannot attach: this is a test')
    },
    async detach(place) {
      known(place.site)
    },
    listSites: async () => [site],
    async findSite(name) {
      known(name)
      return site
    },
    async listEnvironments(name) {
      known(name)
      return [environment]
    },
    async findEnvironment(place) {
      known(place.site)
      return environment
    },
    async webserverConfig(place) {
      known(place.site)
      return { server: 'nginx', commands: [], files: [] }
    },
    async codeLog(place) {
      known(place.site)
      return { commits: [], more: false }
    },
  }
}

function known(site: string): void {
  if (site !== 'shop') throw new Failure('SITE_NOT_FOUND', `Cannot find the site "${site}"`)
}
