import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { CodeLog } from '../../contract/managedSchemas.ts'
import type { Overview } from '../../contract/overviewSchemas.ts'
import type { BackupView, EnvironmentView, Health, SiteView } from '../../contract/schemas.ts'
import type { Trigger } from '../../contract/words.ts'
import type { Backups, LogLine, RepositoryStats, WorkflowView } from '../../contract/workSchemas.ts'
import { putJob } from './putJob.ts'
import { path, send } from './send.ts'

/** Everything that is read, by one key each; events say when one is old (`events.ts`). */
export interface Place {
  site: string
  environment: string
}

export const environmentPath = (place: Place): string => path('/v1/sites/:site/environments/:environment', { ...place })

/** `?limit=25&search=x`, of what is asked for at all */
export function asked(wanted: object): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? '' : `?${search}`
}

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => send<Health>('GET', '/v1/health', undefined, signal),
})

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => send<Overview>('GET', '/v1/overview', undefined, signal),
})

export const siteQuery = (site: string) =>
  queryOptions({
    queryKey: ['site', site],
    queryFn: ({ signal }) => send<SiteView>('GET', path('/v1/sites/:site', { site }), undefined, signal),
  })

export const environmentQuery = (place: Place) =>
  queryOptions({
    queryKey: ['site', place.site, 'environment', place.environment],
    queryFn: ({ signal }) => send<EnvironmentView>('GET', environmentPath(place), undefined, signal),
  })

/** With what is possible there, which takes a moment to try out */
export const preflightQuery = (place: Place) =>
  queryOptions({
    queryKey: ['site', place.site, 'preflight', place.environment],
    queryFn: ({ signal }) => send<EnvironmentView>('GET', `${environmentPath(place)}?preflight=true`, undefined, signal),
  })

export interface BackupFilter {
  trigger?: Trigger | undefined
  search?: string | undefined
  /** With those that can be recalled */
  all?: boolean | undefined
  limit?: number
  skip?: number
}

export const backupsQuery = (place: Place, filter: BackupFilter) =>
  queryOptions({
    queryKey: ['site', place.site, 'backups', place.environment, filter],
    queryFn: ({ signal }) => send<Backups>('GET', `${environmentPath(place)}/backups${asked(filter)}`, undefined, signal),
  })

export const backupQuery = (id: string) =>
  queryOptions({
    queryKey: ['backup', id],
    queryFn: ({ signal }) => send<BackupView>('GET', path('/v1/backups/:id', { id }), undefined, signal),
  })

export const codeLogQuery = (place: Place, skip: number, limit: number) =>
  queryOptions({
    queryKey: ['site', place.site, 'code-log', place.environment, skip, limit],
    queryFn: ({ signal }) =>
      send<CodeLog>('GET', `${environmentPath(place)}/code-log?skip=${skip}&limit=${limit}`, undefined, signal),
  })

export interface WorkflowFilter {
  site?: string | undefined
  environment?: string | undefined
  state?: string | undefined
  kind?: string | undefined
  limit?: number
  skip?: number
}

export const workflowsQuery = (filter: WorkflowFilter) =>
  queryOptions({
    queryKey: ['workflows', filter],
    queryFn: async ({ signal }) =>
      (await send<{ workflows: WorkflowView[] }>('GET', `/v1/workflows${asked(filter)}`, undefined, signal)).workflows,
  })

/** What runs and waits, however much was asked for since, and what ended a short while ago: the jobs of the header */
export const jobsQuery = queryOptions({
  queryKey: ['workflows', 'jobs'],
  queryFn: async ({ signal }) => {
    const list = async (filter: WorkflowFilter): Promise<WorkflowView[]> =>
      (await send<{ workflows: WorkflowView[] }>('GET', `/v1/workflows${asked(filter)}`, undefined, signal)).workflows
    const found = await Promise.all([
      list({ state: 'running', limit: 50 }),
      list({ state: 'queued', limit: 200 }),
      list({ limit: 15 }),
    ])
    return found.flat().reduceRight<WorkflowView[]>(putJob, [])
  },
})

export const workflowQuery = (id: string) =>
  queryOptions({
    queryKey: ['workflow', id],
    queryFn: ({ signal }) => send<WorkflowView>('GET', path('/v1/workflows/:id', { id }), undefined, signal),
  })

export const workflowLogQuery = (id: string, revision: number) =>
  queryOptions<LogLine[]>({
    queryKey: ['workflow', id, 'log', revision],
    queryFn: async ({ signal }) =>
      (await send<{ lines: LogLine[] }>('GET', path('/v1/workflows/:id/log', { id }), undefined, signal)).lines,
    placeholderData: keepPreviousData,
  })

export const repositoryQuery = queryOptions({
  queryKey: ['repository'],
  queryFn: ({ signal }) => send<RepositoryStats>('GET', '/v1/repository/stats', undefined, signal),
})
