import { Failure } from '../../base/failure.ts'
import type { OneTimeLink, People, PersonInvited, PersonView } from '../../contract/accessSchemas.ts'
import type { SiteRole } from '../../contract/actions.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { type Column, rowsOf, singleOf } from '../output/data.ts'
import { personColumns, personRow, readRole, readSiteRole } from '../peopleRows.ts'

const linkColumns: Column[] = [
  { name: 'email', title: 'E-mail' },
  { name: 'url', title: 'Link' },
  { name: 'expiresAt', title: 'Good until', look: 'time' },
  { name: 'purpose', title: 'For' },
  { name: 'code', title: 'Code', hidden: true },
]
const handOver = 'The link is shown this once and is good once. Cairn sends no mail: hand it over yourself'

export function personList(invoke: Invoke) {
  return makeCommand('person:list', {
    summary: 'List people and their roles',
    examples: [['person:list --fields=email,role,sites', 'who may what']],
  }).action(() =>
    invoke(async ({ client }) => {
      const { people } = await client.get<People>('/v1/people')
      return { data: rowsOf(personColumns, people.map(personRow), 'No people') }
    }),
  )
}

export function personInvite(invoke: Invoke) {
  return makeCommand('person:invite', {
    summary: 'Invite a person',
    description:
      'Makes an account with a role over all, or on some sites with --site, and prints a one-time link with which the person chooses a password. It is good for seven days.',
    examples: [
      ['person:invite vera@example.org --role=viewer', 'sees every site'],
      ['person:invite olaf@example.org --role=operator --site=blog,shop', 'takes backups of two sites and downloads them'],
    ],
  })
    .argument('<email>', 'the address to log in with')
    .option('--name <name>', 'how the person is called')
    .option('--role <role>', 'viewer, operator, developer, admin or owner; none without it')
    .option('--site <names>', 'only on these sites, with commas between')
    .action((email, { name, role, site }) =>
      invoke(async ({ client, say }) => {
        if (site !== undefined && role === undefined) {
          throw new Failure('INPUT_INVALID', 'Cannot invite to single sites: it is not said with which role', {
            hint: 'Add --role=viewer, operator, developer or admin',
          })
        }
        const sites = site?.split(',').map((text) => text.trim())
        const roles =
          role === undefined
            ? {}
            : sites === undefined
              ? { everywhere: readRole(role) }
              : { sites: sites.map((text): { site: string; role: SiteRole } => ({ site: text, role: readSiteRole(role) })) }
        const asked = { email, ...(name === undefined ? {} : { name }), ...roles }
        const { person, link } = await client.post<PersonInvited>('/v1/people', asked)
        say(handOver)
        return { data: singleOf(linkColumns, { ...link, email: person.email }, 'url') }
      }),
    )
}

export function personLink(invoke: Invoke) {
  return makeCommand('person:link', {
    summary: 'Make a link with which a person chooses a new password',
    description:
      'For who forgot the password or lost the invitation. The link before it ends; the password holds until another is chosen.',
    examples: [['person:link vera@example.org', 'print the link']],
  })
    .argument('<email>', 'the address or the id of the person')
    .action((email) =>
      invoke(async ({ client, say }) => {
        const link = await client.post<OneTimeLink>(path`/v1/people/${email}/link`)
        say(handOver)
        return { data: singleOf(linkColumns, { ...link, email }, 'url') }
      }),
    )
}

export function personEdit(invoke: Invoke) {
  return makeCommand('person:edit', {
    summary: 'Change the name or the address of a person',
    examples: [['person:edit vera@example.org --email=vera@example.com', 'another address to log in with']],
  })
    .argument('<email>', 'the address or the id of the person')
    .option('--name <name>', 'the new name')
    .option('--email <address>', 'the new address')
    .action((email, options) =>
      invoke(async ({ client }) => ({
        data: singleOf(personColumns, personRow(await client.patch<PersonView>(path`/v1/people/${email}`, options))),
      })),
    )
}

export function personLogout(invoke: Invoke) {
  return makeCommand('person:logout', {
    summary: 'End all sessions of a person',
    description: 'Logs a person out of every browser. Machine tokens go on; "machine-token:list --all" shows them.',
    examples: [['person:logout vera@example.org', 'a laptop was lost']],
  })
    .argument('<email>', 'the address or the id of the person')
    .action((email) =>
      invoke(async ({ client, done }) => {
        const { ended } = await client.delete<{ ended: number }>(path`/v1/people/${email}/sessions`)
        done(`${ended} ${ended === 1 ? 'session' : 'sessions'} of ${email} ended`)
        return {}
      }),
    )
}

export function personDelete(invoke: Invoke) {
  return makeCommand('person:delete', {
    summary: 'Delete a person',
    description: 'Deletes the account with its roles, sessions and machine tokens. What the person did stays in the audit log.',
    examples: [['person:delete vera@example.org --yes', 'without a question']],
  })
    .argument('<email>', 'the address or the id of the person')
    .action((email) =>
      invoke(async (context) => {
        const found = await context.client.get<PersonView>(path`/v1/people/${email}`)
        await confirmDestructive(context, {
          environment: { text: found.email, environment: null },
          warning: `${found.name} <${found.email}> cannot log in any more, and ${found.tokens} machine tokens end`,
          question: `Delete ${found.email}?`,
          confirm: undefined,
        })
        await context.client.delete(path`/v1/people/${found.id}`)
        context.done(`${found.email} is deleted`)
        return {}
      }),
    )
}
