import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Caller } from '../../access/authorize.ts'
import { type Action, actions, type Rule } from '../../contract/actions.ts'
import { may } from '../../contract/rights.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { type Feed, type News, openFeed } from './feed.ts'

/** A proxy must not take a silent stream for a dead one */
const beatMs = 15_000
/** Then the client comes again by itself, and what it may is looked at anew */
const lifeMs = 300_000
/** Who takes nothing for so long comes again and is told what it missed */
const behindBytesMax = 4 << 20
/** Changes of these end all streams, for what their clients may can be another thing now */
const rightsChange = ['session.end', 'role.grant', 'person.', 'token.revoke', 'account.edit']
/** Not news to anybody */
const silent = ['upload.', 'link.', 'session.', 'repository.export_key']

const FollowHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ description: 'The id of the last event that was taken; what came since is told first' }),
  ),
})

/**
 * `GET /v1/events`: what changes on the sites that the caller sees, as server-sent events. Nobody is told of what a request for
 * the same thing would be refused.
 */
export function eventRoutes(app: Api, deps: ApiDeps): void {
  const feed = openFeed(deps.queue, (error) => app.log.warn(error, 'followers were not told of a change'))
  const streams = new Set<Readable>()
  const endAll = (): void => {
    for (const stream of streams) stream.push(null)
  }
  app.addHook('preClose', async () => {
    feed.close()
    endAll()
  })

  app.addHook('onResponse', async (request, reply) => {
    const { action } = request.routeOptions.config
    const { caller, subject } = request
    if (action === undefined || reply.statusCode >= 400 || !actions[action].changes) return
    if (action === 'session.use_code') return endAll() // a new password ended the sessions that some of them belong to
    if (caller === null) return
    if (!begins(silent, action)) feed.change({ action, ...subject }, caller.personId)
    if (begins(rightsChange, action)) endAll()
  })

  app.get(
    '/v1/events',
    {
      config: { action: 'event.follow' },
      schema: {
        summary: 'Server-sent events: workflows and changes, as they happen',
        headers: FollowHeaders,
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const { 'last-event-id': last } = request.headers
      const caller = callerOf(request)
      const missed = last === undefined || last === '' ? [] : feed.since(last)
      const stream = new Readable({ read: () => {} })
      const hello = { instance: deps.instance, missed: missed === null }
      stream.push(`retry: 1000\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`)
      const tell = (news: News): void => {
        if (!isFor(caller, news)) return
        stream.push(worded(news))
        if (stream.readableLength > behindBytesMax) stream.destroy()
      }
      for (const news of missed ?? []) tell(news)
      follow(stream, feed, tell)
      return reply.type('text/event-stream').header('cache-control', 'no-store').header('x-accel-buffering', 'no').send(stream)
    },
  )

  function follow(stream: Readable, from: Feed, tell: (news: News) => void): void {
    const stop = from.follow(tell)
    const beat = setInterval(() => stream.push(': beat\n\n'), beatMs)
    const life = setTimeout(() => stream.push(null), lifeMs)
    streams.add(stream)
    stream.once('close', () => {
      stop()
      clearInterval(beat)
      clearTimeout(life)
      streams.delete(stream)
    })
  }
}

function isFor({ rights, personId }: Caller, news: News): boolean {
  if (news.kind === 'workflow') {
    const { site, environment } = news.workflow
    return may(rights, 'workflow.read', { site, environment })
  }
  const { action, site, environment } = news.change
  if (site !== null) return may(rights, 'site.read', { site, environment })
  const rule: Rule = actions[action]
  return rule.on === 'self' ? news.by === personId : may(rights, action, { site, environment })
}

function worded(news: News): string {
  const data = news.kind === 'workflow' ? news.workflow : news.change
  return `id: ${news.id}\nevent: ${news.kind}\ndata: ${JSON.stringify(data)}\n\n`
}

function begins(prefixes: readonly string[], action: Action): boolean {
  return prefixes.some((prefix) => action.startsWith(prefix))
}
