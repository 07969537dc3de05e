import { Failure } from '../../base/failure.ts'
import type { AddEnvironmentInput } from '../../contract/managedSchemas.ts'
import type { EnvironmentView, SiteView } from '../../contract/schemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { type EnvironmentName, findEnvironment, readEnvironment, readNewEnvironment } from '../inputs.ts'
import { deletedOutcome, managedOutcome } from '../managed.ts'

export function siteDelete(invoke: Invoke) {
  return makeCommand('site:delete', {
    summary: 'Delete a managed site',
    description:
      'Deletes a managed site: its environments, its databases and its git repository. A last backup of each environment is taken first; backups stay.',
    examples: [
      ['site:delete shop', 'asks for the name'],
      ['site:delete shop --yes --confirm=shop', 'without a question'],
      ['site:delete shop --give-up-last-backup', 'a site that cannot be backed up any more'],
    ],
  })
    .argument('<SITE>', 'the site')
    .option('--confirm <SITE>', 'the name again, needed with --yes')
    .option('--give-up-last-backup', 'also delete what cannot be backed up any more')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((site, options) =>
      invoke(async (context) => {
        const { environments } = await context.client.get<SiteView>(path`/v1/sites/${site}`)
        await refuseAttached(context, site)
        await confirmDestructive(context, {
          environment: { text: site, environment: null },
          typed: true,
          warning: `This is destructive: it deletes ${site} with ${environments.join(', ')}: code and its whole history, files, databases.\n${lastBackupText('A last backup of each environment', options.giveUpLastBackup)}`,
          question: `Delete the site ${site}?`,
          confirm: options.confirm,
        })
        const started = await context.client.delete<Started>(path`/v1/sites/${site}`, { confirm: site, ...givenUp(options) })
        return follow(context, started, options.wait, async (workflow) => deletedOutcome(context, workflow))
      }),
    )
}

export function envCreate(invoke: Invoke) {
  return makeCommand('env:create', {
    summary: 'Add an environment to a managed site',
    description: 'Adds an environment to a managed site: a copy of the code, files and database of another one.',
    examples: [
      ['env:create shop.redesign', 'a copy of dev'],
      ['env:create shop.hotfix --from=live', 'a copy of live'],
    ],
  })
    .argument('<SITE.ENV>', 'the new environment: up to eleven lower-case letters and digits')
    .option('--from <ENV>', 'the environment that it is a copy of (default: dev)')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke((context) => add(context, readNewEnvironment(subject, context.terminal.env), options.from, options.wait)),
    )
}

/** As Terminus writes it: the source first. */
export function multidevCreate(invoke: Invoke) {
  return makeCommand('multidev:create', {
    summary: 'Add an environment, the source written first',
    description: 'The same as "env:create SITE.NAME --from=ENV".',
    examples: [['multidev:create shop.live hotfix', 'shop.hotfix, a copy of live']],
  })
    .argument('<SITE.ENV>', 'the environment that it is a copy of')
    .argument('<NAME>', 'the name of the new one')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, name, options) =>
      invoke((context) => {
        const { site, environment } = readEnvironment(subject, context.terminal.env)
        return add(context, readNewEnvironment(`${site}.${name}`, {}), environment, options.wait)
      }),
    )
}

export function envDelete(invoke: Invoke) {
  return makeCommand('env:delete', {
    summary: 'Delete an environment of a managed site',
    description:
      'Deletes an environment that was added to a managed site. A last backup is taken first; its backups stay. Dev, test and live cannot be deleted.',
    examples: [
      ['env:delete shop.redesign', 'asks first'],
      ['env:delete shop.redesign --yes', 'without a question'],
    ],
  })
    .alias('multidev:delete')
    .argument('<SITE.ENV>', 'the environment')
    .option('--confirm <SITE.ENV>', 'the name again')
    .option('--give-up-last-backup', 'also delete it when it cannot be backed up any more')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const { environment, where } = await findEnvironment(context, subject)
        refuseUsual(environment)
        await confirmDestructive(context, {
          environment,
          warning: `This is destructive: it deletes ${environment.text} with its files and its database.\n${lastBackupText('A last backup', options.giveUpLastBackup)}`,
          question: `Delete ${environment.text}?`,
          confirm: options.confirm,
        })
        const started = await context.client.delete<Started>(where, { confirm: environment.text, ...givenUp(options) })
        return follow(context, started, options.wait, async (workflow) => deletedOutcome(context, workflow))
      }),
    )
}

/** What is attached is not Cairn's to delete; told before anybody types the name of the site. */
async function refuseAttached({ client }: Context, site: string): Promise<void> {
  const { environments } = await client.get<{ environments: EnvironmentView[] }>(path`/v1/sites/${site}/environments`)
  const attached = environments.find(({ kind }) => kind === 'attached')
  if (attached === undefined) return
  const name = `${site}.${attached.name}`
  throw new Failure('PREFLIGHT_REFUSED', `Cannot delete "${name}": it is attached, not managed`, {
    hint: `Cairn does not own what it would delete. It forgets it with "cairn site:detach ${name}"`,
  })
}

function lastBackupText(what: string, givesUp: boolean | undefined): string {
  return givesUp === true
    ? `${what} is taken first where one can be taken; what cannot be read is lost.`
    : `${what} is taken first, and stays.`
}

function givenUp({ giveUpLastBackup }: { giveUpLastBackup?: true | undefined }): { giveUpLastBackup?: true } {
  return giveUpLastBackup === true ? { giveUpLastBackup } : {}
}

/** Before anybody types a name for nothing. */
function refuseUsual({ text, site, environment }: EnvironmentName): void {
  if (!['dev', 'test', 'live'].includes(environment)) return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot delete "${text}": every site has dev, test and live`, {
    hint: `Empty it with "cairn env:wipe ${text}", or delete the site with "cairn site:delete ${site}"`,
  })
}

async function add(context: Context, environment: EnvironmentName, from: string | undefined, wait: boolean) {
  const input: AddEnvironmentInput = { environment: environment.environment, ...(from === undefined ? {} : { from }) }
  const started = await context.client.post<Started>(path`/v1/sites/${environment.site}/environments`, input)
  return follow(context, started, wait, async (workflow) => managedOutcome(context, workflow, `${environment.text} is there.`))
}
