import { type Summary, summariseBackups } from '../../backups/overview.ts'
import { may } from '../../contract/rights.ts'
import { type EnvironmentOverview, Overview } from '../../contract/overviewSchemas.ts'
import { type LastEnded, listLastEnded } from '../../queue/lastEnded.ts'
import { type EnvironmentOutline, outlineSites } from '../../sites/outline.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

export function overviewRoutes(app: Api, { store }: ApiDeps): void {
  app.get(
    '/v1/overview',
    {
      config: { action: 'site.list' },
      schema: { summary: 'Whether each environment is protected, of all sites that one sees', response: { 200: Overview } },
    },
    async (request) => {
      const { rights } = callerOf(request)
      const sites = (await outlineSites(store.db)).filter(({ name }) =>
        may(rights, 'site.read', { site: name, environment: null }),
      )
      const places = sites.flatMap(({ name, environments }) =>
        environments.map((environment) => ({ site: name, environment: environment.name })),
      )
      const [backups, ended] = await Promise.all([summariseBackups(store.db), listLastEnded(store.db, 'backup', places)])
      const endedByPlace = new Map(ended.map((last) => [`${last.site}.${last.environment}`, last]))
      return {
        sites: sites.map(({ name, label, framework, createdAt, environments }) => ({
          ...{ name, label, framework, createdAt: createdAt.toISOString() },
          archiveBytes: environments.reduce((sum, { id }) => sum + (backups.get(id)?.archiveBytes ?? 0), 0),
          environments: environments.map((environment) =>
            view(environment, backups.get(environment.id), endedByPlace.get(`${name}.${environment.name}`)),
          ),
        })),
      }
    },
  )
}

function view(
  { name, kind, url, empty }: EnvironmentOutline,
  summary: Summary | undefined,
  ended: LastEnded | undefined,
): EnvironmentOverview {
  const last = summary?.last
  const failed = ended?.state === 'failed' && (last === undefined || ended.endedAt > last.momentAt) ? ended : null
  return {
    ...{ name, kind, url, empty, backups: summary?.backups ?? 0 },
    lastBackup: last === undefined ? null : { ...last, momentAt: last.momentAt.toISOString() },
    failedSince:
      failed === null
        ? null
        : { workflow: failed.id, at: failed.endedAt.toISOString(), message: failed.failure?.message ?? 'It failed' },
  }
}
