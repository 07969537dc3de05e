import { Type } from 'typebox'
import { createLink, revokeLink } from '../../backups/links.ts'
import { viewElement } from '../../backups/view.ts'
import { IdParams, LinkInput, LinkView } from '../../contract/schemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { findFinished } from './backups.ts'

const secretWarning = 'This archive holds passwords and keys of the site: keep the link and the file to yourself'
const unprovenWarning = 'This backup has not been read back yet, so there is no hash to compare with'

export function linkRoutes(app: Api, deps: ApiDeps): void {
  app.post(
    '/v1/backups/:id/links',
    {
      config: { action: 'link.create', about: 'backup' },
      schema: { summary: 'A link to one archive', params: IdParams, body: LinkInput, response: { 201: LinkView } },
    },
    async (request, reply) => {
      const { element, lifeSeconds } = request.body
      const { id } = await findFinished(deps, request.params.id)
      const { link, token, backup } = await createLink(deps.store, {
        backup: id,
        element,
        actor: callerOf(request).actor,
        ...(lifeSeconds === undefined ? {} : { lifeSeconds }),
      })
      const view = viewElement(backup, element)
      const warnings = [
        view?.holdsSecrets === true ? secretWarning : [],
        backup.state === 'captured' ? unprovenWarning : [],
      ].flat()
      request.auditDetails = { link: link.id, element, lifeSeconds: link.life_seconds }
      return reply.code(201).send({
        id: link.id,
        url: `${deps.publicUrl()}/download/${token}/${link.file_name}`,
        fileName: link.file_name,
        sizeBytes: view?.sizeBytes ?? 0,
        sha256: view?.sha256 ?? null,
        expiresAt: link.expires_at.toISOString(),
        warning: warnings.length === 0 ? null : warnings.join('. '),
      })
    },
  )

  app.delete(
    '/v1/links/:id',
    {
      config: { action: 'link.revoke', about: 'link' },
      schema: { summary: 'Revoke a link', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await revokeLink(deps.store.db, request.params.id)
      return reply.code(204).send(null)
    },
  )
}
