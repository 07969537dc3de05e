import type { EnvironmentView, SiteView } from '../../contract/schemas.ts'
import type { Started, UndoResult } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { follow } from '../follow.ts'
import { readEnvironment, readSite } from '../inputs.ts'
import { type Column, rowsOf, singleOf } from '../output/data.ts'
import { timeText } from '../output/human.ts'
import { environmentColumns, environmentRow } from '../rows.ts'

const siteColumns: Column[] = [
  { name: 'name', title: 'Site' },
  { name: 'framework', title: 'Framework' },
  { name: 'environments', title: 'Environments' },
  { name: 'label', title: 'Label' },
  { name: 'gitUrl', title: 'Git' },
  { name: 'createdAt', title: 'Since', look: 'time' },
]

/** A list is scanned for names; where to clone from is asked of one site. */
const siteListColumns = siteColumns.map((column) => (column.name === 'gitUrl' ? { ...column, hidden: true } : column))

const environmentListColumns: Column[] = environmentColumns.map((column) => ({
  ...column,
  hidden: !['environment', 'kind', 'version', 'url', 'release', 'commit', 'codeRoot'].includes(column.name),
}))

const undoColumns: Column[] = [
  { name: 'environment', title: 'Environment' },
  { name: 'inPlace', title: 'In place', show: (which: 'before' | 'after') => `the state ${which} the change` },
  { name: 'restoredAt', title: 'Restored', look: 'time' },
  { name: 'backup', title: 'Of backup' },
  { name: 'momentAt', title: 'Taken', look: 'time' },
  { name: 'workflow', title: 'Workflow' },
]

export function siteList(invoke: Invoke) {
  return makeCommand('site:list', {
    summary: 'List the sites',
    examples: [['site:list --format=list', 'the names alone']],
  }).action(() =>
    invoke(async (context) => {
      const { sites } = await context.client.get<{ sites: SiteView[] }>('/v1/sites')
      return {
        data: rowsOf(
          siteListColumns,
          sites.map((site) => ({ ...site })),
          'There is no site. Attach one: cairn site:attach SITE.ENV --path=DIR, or make one: cairn site:create SITE',
        ),
      }
    }),
  )
}

export function siteInfo(invoke: Invoke) {
  return makeCommand('site:info', {
    summary: 'Show a site',
    examples: [['site:info blog', 'its framework and environments, and where a managed one is cloned from with git']],
  })
    .argument('[SITE]', 'the site')
    .action((subject) =>
      invoke(async (context) => {
        const site = await context.client.get<SiteView>(path`/v1/sites/${readSite(subject, context.terminal.env)}`)
        return { data: singleOf(siteColumns, { ...site }) }
      }),
    )
}

export function envList(invoke: Invoke) {
  return makeCommand('env:list', { summary: 'List the environments of a site', examples: [['env:list blog', 'dev, test, live']] })
    .argument('[SITE]', 'the site')
    .action((subject) =>
      invoke(async (context) => {
        const where = path`/v1/sites/${readSite(subject, context.terminal.env)}/environments`
        const { environments } = await context.client.get<{ environments: EnvironmentView[] }>(where)
        return { data: rowsOf(environmentListColumns, environments.map(environmentRow), 'The site has no environment') }
      }),
    )
}

export function envInfo(invoke: Invoke) {
  return makeCommand('env:info', {
    summary: 'Show an environment, and how it can be restored',
    examples: [
      ['env:info blog.live', 'where it is, and the preflight'],
      ['env:info blog.live --field=filesDirectory', 'one value'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .action((subject) =>
      invoke(async (context) => {
        const { site, environment } = readEnvironment(subject, context.terminal.env)
        const where = path`/v1/sites/${site}/environments/${environment}`
        const view = await context.client.get<EnvironmentView>(where, { preflight: true })
        return { data: singleOf(environmentColumns, environmentRow(view)) }
      }),
    )
}

export function envUndo(invoke: Invoke) {
  return makeCommand('env:undo', {
    summary: 'Take the last change back, or do it again',
    description:
      'Goes back to the state before the last restore, or other change of a managed site (import, clone, deploy, wipe); called again, forward again. Possible for 30 days.',
    examples: [
      ['env:undo blog.dev', 'asks first'],
      ['env:undo blog.live --yes --confirm=blog.live', 'without a question'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const environment = readEnvironment(subject, context.terminal.env)
        await confirmDestructive(context, {
          environment,
          warning: `This is destructive: it puts another state of ${environment.text} in place. What was written to the site since the last change is kept aside, and another env:undo brings it back.`,
          question: `Undo the last change of ${environment.text}?`,
          confirm: options.confirm,
        })
        const where = path`/v1/sites/${environment.site}/environments/${environment.environment}/undo`
        const started = await context.client.post<Started>(where)
        return follow(context, started, options.wait, async ({ id, result }) => {
          const done = result as UndoResult
          context.say(undoneText(environment.text, done))
          return { data: singleOf(undoColumns, { environment: environment.text, ...done, workflow: id }) }
        })
      }),
    )
}

function undoneText(environment: string, { inPlace, restoredAt, backup, momentAt }: UndoResult): string {
  const whence = momentAt === null ? '' : `, which put the backup of ${timeText(momentAt)} (${backup}) in place`
  const other = inPlace === 'before' ? 'Forward again' : 'Back again'
  return `${environment} now has the state ${inPlace} the change of ${timeText(restoredAt)}${whence}. ${other}: cairn env:undo ${environment}`
}
