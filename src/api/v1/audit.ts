import { searchAudit } from '../../access/audit.ts'
import { AuditPage, AuditQuery } from '../../contract/accessSchemas.ts'
import { sitesWhere } from '../../contract/rights.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

const pageDefault = 100

/** Who did what. Who administers single sites sees the rows of those. */
export function auditRoutes(app: Api, { store: { db } }: ApiDeps): void {
  app.get(
    '/v1/audit',
    {
      config: { action: 'audit.list' },
      schema: { summary: 'Every change and every download, newest first', querystring: AuditQuery, response: { 200: AuditPage } },
    },
    async (request) => {
      const { limit = pageDefault, ...query } = request.query
      const sites = sitesWhere(callerOf(request).rights, 'audit.list')
      const found = await searchAudit(db, { ...query, limit: limit + 1 }, sites)
      const rows = found.slice(0, limit)
      return {
        rows: rows.map((row) => ({ ...row, at: row.at.toISOString() })),
        next: found.length > limit ? (rows.at(-1)?.id ?? null) : null,
      }
    },
  )
}
