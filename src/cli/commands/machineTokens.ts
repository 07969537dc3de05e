import { Failure } from '../../base/failure.ts'
import { nearest } from '../../base/nearest.ts'
import type { TokenCreated, TokenInput, Tokens, TokenView } from '../../contract/accessSchemas.ts'
import { type Action, actionNames } from '../../contract/actions.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { readCount } from '../inputs.ts'
import { type Column, rowsOf, singleOf } from '../output/data.ts'
import { safeText } from '../output/human.ts'

const names = (list: string[]): string => list.map(safeText).join('\n')

/** An empty list is no missing limit: its sites are deleted */
const siteNames = (list: string[]): string => (list.length === 0 ? 'none is left' : names(list))

const columns: Column[] = [
  { name: 'name', title: 'Name' },
  { name: 'id', title: 'Id' },
  { name: 'sites', title: 'Only sites', show: siteNames },
  { name: 'actions', title: 'Only actions', show: names },
  { name: 'expiresAt', title: 'Good until', look: 'time' },
  { name: 'lastUsedAt', title: 'Last used', look: 'time' },
  { name: 'email', title: 'Person' },
  { name: 'createdAt', title: 'Made', look: 'time', hidden: true },
  { name: 'lastAddress', title: 'Last used from', hidden: true },
]

export function machineTokenList(invoke: Invoke) {
  return makeCommand('machine-token:list', {
    summary: 'List machine tokens',
    examples: [
      ['machine-token:list', 'your own'],
      ['machine-token:list --all', 'those of everybody, as an administrator'],
    ],
  })
    .option('--all', 'those of everybody')
    .action(({ all }) =>
      invoke(async ({ client }) => {
        const { tokens } = await client.get<Tokens>('/v1/tokens', { all })
        return { data: rowsOf(columns, tokens.map(rowOf), 'No machine tokens') }
      }),
    )
}

export function machineTokenCreate(invoke: Invoke) {
  return makeCommand('machine-token:create', {
    summary: 'Make a machine token',
    description:
      'Prints a token for scripts, this once. It may what you may, now and later, and of that only what --site and --action leave.',
    examples: [
      [
        'machine-token:create nightly --site=blog --action=backup.create,workflow.read',
        'takes backups of one site and nothing else',
      ],
      ['machine-token:create laptop --expires=90', 'all that you may, for 90 days'],
    ],
  })
    .argument('<name>', 'what it is for')
    .option('--site <names>', 'only these sites, with commas between')
    .option('--action <names>', 'only these actions, with commas between; "role:list" shows them')
    .option('--expires <days>', 'ends after so many days')
    .action((name, { site, action, expires }) =>
      invoke(async ({ client, say }) => {
        const asked: TokenInput = {
          name,
          sites: site === undefined ? null : split(site),
          actions: action === undefined ? null : split(action).map(readAction),
          expiresInDays: expires === undefined ? null : readCount(expires, '--expires', 3650),
        }
        const { token, secret } = await client.post<TokenCreated>('/v1/tokens', asked)
        say('Keep it now: it is not shown again. "cairn auth:login --machine-token" takes it, or the variable CAIRN_TOKEN')
        return { data: singleOf([{ name: 'token', title: 'Token' }, ...columns], { ...rowOf(token), token: secret }, 'token') }
      }),
    )
}

export function machineTokenRevoke(invoke: Invoke) {
  return makeCommand('machine-token:revoke', {
    summary: 'Revoke a machine token',
    description: 'It is refused from the next request on; what it began goes on.',
    examples: [['machine-token:revoke 01JB2…', 'by the id from machine-token:list']],
  })
    .argument('<ID>', 'the id of the token')
    .action((id) =>
      invoke(async ({ client, done }) => {
        await client.delete(path`/v1/tokens/${id}`)
        done(`The machine token ${id} is revoked`)
        return {}
      }),
    )
}

const rowOf = (token: TokenView) => ({ ...token })

const split = (text: string): string[] => text.split(',').map((name) => name.trim())

function readAction(text: string): Action {
  const found = actionNames.find((name) => name === text)
  if (found !== undefined) return found
  const near = nearest(text, actionNames)
  throw new Failure('INPUT_INVALID', `Cannot limit a token to "${text}": there is no such action`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}"cairn role:list" shows them`,
  })
}
