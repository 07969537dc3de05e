import type { PersonView, RoleTable } from '../../contract/accessSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { type Column, rowsOf, singleOf } from '../output/data.ts'
import { personColumns, personRow, readRole, readSiteRole } from '../peopleRows.ts'

const columns: Column[] = [
  { name: 'action', title: 'Action' },
  { name: 'means', title: 'What' },
  { name: 'role', title: 'Least role' },
  { name: 'live', title: 'On live' },
  { name: 'on', title: 'Held' },
  { name: 'changes', title: 'Changes something', hidden: true },
]

/** Where the role is to be held, in words */
const places: Record<string, string> = {
  open: 'not needed',
  self: 'logged in',
  somewhere: 'on any site',
  installation: 'over all',
  site: 'on the site',
}

export function roleList(invoke: Invoke) {
  return makeCommand('role:list', {
    summary: 'Show the table of rights: each action and the least role for it',
    examples: [['role:list --fields=action,role,live', 'the table']],
  }).action(() =>
    invoke(async ({ client }) => {
      const { actions } = await client.get<RoleTable>('/v1/roles')
      const rows = actions.map((action) => ({ ...action, on: places[action.on] ?? action.on }))
      return { data: rowsOf(columns, rows, 'No actions') }
    }),
  )
}

export function roleGrant(invoke: Invoke) {
  return makeCommand('role:grant', {
    summary: 'Give a person a role, on a site or over all',
    description: 'The role takes the place of the one that the person had there. It counts from the next request on.',
    examples: [
      ['role:grant vera@example.org developer --site=blog', 'on one site'],
      ['role:grant vera@example.org admin', 'over all'],
    ],
  })
    .argument('<email>', 'the address or the id of the person')
    .argument('<role>', 'viewer, operator, developer, admin; over all also owner')
    .option('--site <name>', 'on this site')
    .action((email, role, { site }) =>
      invoke(async ({ client }) => {
        const asked = site === undefined ? { site: null, role: readRole(role) } : { site, role: readSiteRole(role) }
        const person = await client.post<PersonView>(path`/v1/people/${email}/roles`, asked)
        return { data: singleOf(personColumns, personRow(person)) }
      }),
    )
}

export function roleRevoke(invoke: Invoke) {
  return makeCommand('role:revoke', {
    summary: 'Take a role away from a person, on a site or over all',
    examples: [
      ['role:revoke vera@example.org --site=blog', 'the one on a site'],
      ['role:revoke vera@example.org', 'the one over all; roles on sites stay'],
    ],
  })
    .argument('<email>', 'the address or the id of the person')
    .option('--site <name>', 'on this site')
    .action((email, { site = null }) =>
      invoke(async ({ client }) => {
        const person = await client.post<PersonView>(path`/v1/people/${email}/roles`, { site, role: null })
        return { data: singleOf(personColumns, personRow(person)) }
      }),
    )
}
