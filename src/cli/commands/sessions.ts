import { Failure } from '../../base/failure.ts'
import type { OneTimeLink, Sessions } from '../../contract/accessSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { type Column, rowsOf, singleOf } from '../output/data.ts'

const columns: Column[] = [
  { name: 'id', title: 'Session' },
  { name: 'client', title: 'Browser' },
  { name: 'address', title: 'Address' },
  { name: 'lastUsedAt', title: 'Last used', look: 'time' },
  { name: 'expiresAt', title: 'Ends', look: 'time' },
  { name: 'createdAt', title: 'Since', look: 'time', hidden: true },
  { name: 'current', title: 'This one', hidden: true },
]

const linkColumns: Column[] = [
  { name: 'url', title: 'Link' },
  { name: 'expiresAt', title: 'Good until', look: 'time' },
  { name: 'code', title: 'Code', hidden: true },
]

export function authLoginLink(invoke: Invoke) {
  return makeCommand('auth:login-link', {
    summary: 'Print a one-time address that logs you in to the dashboard',
    description:
      'The address logs a browser in as whom this command is run, once, within a quarter of an hour. On the machine of the server that is the owner.',
    examples: [['auth:login-link', 'open it in a browser']],
  }).action(() =>
    invoke(async ({ client }) => {
      const link = await client.post<OneTimeLink>('/v1/session/link')
      return { data: singleOf(linkColumns, { ...link }, 'url') }
    }),
  )
}

export function sessionList(invoke: Invoke) {
  return makeCommand('session:list', {
    summary: 'List the browsers in which you are logged in',
    examples: [['session:list', 'the last used first']],
  }).action(() =>
    invoke(async ({ client }) => {
      const { sessions } = await client.get<Sessions>('/v1/sessions')
      return {
        data: rowsOf(
          columns,
          sessions.map((session) => ({ ...session })),
          'You are logged in nowhere',
        ),
      }
    }),
  )
}

export function sessionEnd(invoke: Invoke) {
  return makeCommand('session:end', {
    summary: 'Log a browser out, or all of them',
    examples: [
      ['session:end 01JB2…', 'by the id from session:list'],
      ['session:end --all', 'everywhere'],
    ],
  })
    .argument('[ID]', 'the id of the session')
    .option('--all', 'all of your sessions')
    .action((id, { all = false }) =>
      invoke(async ({ client, done }) => {
        if ((id === undefined) !== all) {
          throw new Failure('INPUT_INVALID', 'Cannot end sessions: either an id or --all is wanted', {
            hint: '"cairn session:list" shows the ids',
          })
        }
        if (id !== undefined) await client.delete(path`/v1/sessions/${id}`)
        const ended = id === undefined ? (await client.delete<{ ended: number }>('/v1/sessions')).ended : 1
        done(`${ended} ${ended === 1 ? 'session' : 'sessions'} ended`)
        return {}
      }),
    )
}
