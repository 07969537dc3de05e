import type { FastifyRequest } from 'fastify'
import type { Subject } from '../access/authorize.ts'
import { findBackup } from '../backups/catalogue.ts'
import { placeOfLink } from '../backups/links.ts'
import { Failure } from '../base/failure.ts'
import type { ApiDeps, Place } from './deps.ts'

/** What the `:id` of a route names, where its site decides who may. */
export type About = 'backup' | 'link' | 'workflow'

/** What a request is about, as far as its address says. */
export function namedSubject(request: FastifyRequest): Subject {
  const params = (request.params ?? {}) as Partial<Record<'site' | 'environment' | 'id' | 'person', string>>
  const { site = null, environment = null, id, person } = params
  return { site, environment, object: id ?? person ?? null }
}

/**
 * The same with the site and the environment that an id belongs to. What is not there belongs to none: only who has a role over all
 * is told so, others are refused as for what belongs to somebody else.
 */
export async function findSubject(request: FastifyRequest, deps: ApiDeps): Promise<Subject> {
  const named = namedSubject(request)
  const { about } = request.routeOptions.config
  if (about === undefined || named.object === null) return named
  return { ...named, ...(await findPlace(about, named.object, deps)) }
}

async function findPlace(about: About, id: string, deps: ApiDeps): Promise<Pick<Subject, 'site' | 'environment'>> {
  const { store } = deps
  switch (about) {
    case 'link':
      return (await placeOfLink(store.db, id)) ?? nowhere
    case 'workflow':
      return placeOfWorkflow(id, deps)
    case 'backup': {
      const backup = await unlessMissing(findBackup(store, id, { hidden: true }))
      // a backup that is still being made goes by the name of its workflow
      return backup === null ? placeOfWorkflow(id, deps) : { site: backup.site, environment: backup.environment }
    }
  }
}

const nowhere = { site: null, environment: null }

async function placeOfWorkflow(
  id: string,
  { queue }: ApiDeps,
): Promise<{ site: Place['site'] | null; environment: string | null }> {
  const workflow = await unlessMissing(queue.get(id))
  return workflow === null ? nowhere : { site: workflow.site, environment: workflow.environment }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    if (error instanceof Failure && (error.code === 'BACKUP_NOT_FOUND' || error.code === 'WORKFLOW_NOT_FOUND')) return null
    throw error
  }
}
