import type { CodeCommit, CodeLog, DeployInput } from '../../contract/managedSchemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { findEnvironment, readCount, readEnvironment } from '../inputs.ts'
import { managedOutcome } from '../managed.ts'
import { requireManaged } from '../managedOnly.ts'
import { type Column, rowsOf } from '../output/data.ts'

export function envDeploy(invoke: Invoke) {
  return makeCommand('env:deploy', {
    summary: 'Deploy code: from dev to test, from test to live',
    description:
      "Deploys the code of dev to test, or that of test to live, and tags it. The first deploy brings files and database along; later ones leave the target's own.",
    examples: [
      ['env:deploy shop.test --note="New theme"', "dev's code to test"],
      ['env:deploy shop.test --sync-content', "dev's code, with database and files of live"],
      ['env:deploy shop.live --yes --confirm=shop.live', "test's code to live, without a question"],
    ],
  })
    .argument('[SITE.ENV]', 'the target: test or live')
    .option('--note <text>', 'what is deployed, for people: the message of the tag')
    .option(
      '--updatedb',
      "run the framework's database updates on a copy of database and files; visitors get a 503 until the switch",
    )
    .option('--cc', 'clear the caches afterwards')
    .option('--sync-content', 'into test: database and files of live come along')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const { environment, where, view } = await findEnvironment(context, subject)
        requireManaged(environment, view, 'deploy to')
        const syncContent = options.syncContent === true
        const updatesInPlace = options.updatedb === true && !syncContent
        if (syncContent || environment.environment === 'live') {
          const content = syncContent ? ', its files and its database' : ''
          await confirmDestructive(context, {
            environment,
            warning: `This replaces the code of ${environment.text}${content}.\nA backup of the present state is taken first, and "env:undo" takes the deploy back.${updatesInPlace ? '\nVisitors get a 503 while its database and files are copied and updated, so that nothing they write is lost.' : ''}`,
            question: `Deploy to ${environment.text}?`,
            confirm: options.confirm,
          })
        }
        const input: DeployInput = {
          ...(options.note === undefined ? {} : { note: options.note }),
          ...(options.updatedb === true ? { updateDatabase: true } : {}),
          ...(options.cc === true ? { clearCache: true } : {}),
          ...(syncContent ? { syncContent } : {}),
          confirm: environment.text,
        }
        const started = await context.client.post<Started>(`${where}/deploy`, input)
        return follow(context, started, options.wait, async (workflow) =>
          managedOutcome(context, workflow, `${environment.text} has the new code.`),
        )
      }),
    )
}

const commitColumns: Column[] = [
  { name: 'date', title: 'Date', look: 'time' },
  { name: 'author', title: 'Author' },
  { name: 'hash', title: 'Commit', show: (hash: string) => hash.slice(0, 12) },
  { name: 'environments', title: 'In' },
  { name: 'tags', title: 'Tags' },
  { name: 'subject', title: 'Message' },
  { name: 'message', title: 'Whole message', hidden: true },
  { name: 'email', title: 'E-mail', hidden: true },
  { name: 'parents', title: 'Parents', hidden: true },
  { name: 'deployed', title: 'Deployed', hidden: true },
]

export function envCodeLog(invoke: Invoke) {
  return makeCommand('env:code-log', {
    summary: 'List the commits of an environment',
    description: 'Lists the commits of the code of a managed environment, the newest first, and the environments that have them.',
    examples: [
      ['env:code-log shop.dev', 'the last twenty'],
      ['env:code-log shop.live --limit=100 --format=json', 'for a script'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--limit <count>', 'how many', '20')
    .option('--skip <count>', 'how many of the newest to leave out')
    .action((subject, options) =>
      invoke(async (context) => {
        const { site, environment } = readEnvironment(subject, context.terminal.env)
        const where = path`/v1/sites/${site}/environments/${environment}/code-log`
        const limit = readCount(options.limit, '--limit', 500)
        const skip = options.skip === undefined ? 0 : readCount(options.skip, '--skip', 10_000_000)
        const { commits, more } = await context.client.get<CodeLog>(where, { limit, skip })
        if (more) context.say(`There are older ones: --skip=${skip + limit}`)
        const rows = commits.map((commit: CodeCommit) => ({ ...commit }))
        return { data: rowsOf(commitColumns, rows, 'No code was ever deployed there') }
      }),
    )
}

export function envCodeRevert(invoke: Invoke) {
  return makeCommand('env:code-revert', {
    summary: 'Bring the code of a commit back, as a new commit',
    description:
      'Makes the code of dev what it was at a commit, as a new commit: the history is kept. A safety backup is taken first.',
    examples: [['env:code-revert shop.dev 1a2b3c4d', 'asks first']],
  })
    .argument('<SITE.ENV>', 'the environment: dev of a managed site')
    .argument('<COMMIT>', 'a commit, a branch or a tag, as env:code-log shows them')
    .option('--confirm <SITE.ENV>', 'the name again')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, commit, options) => invoke((context) => moveCode(context, 'revert', subject, commit, options)))
}

export function envCodeReset(invoke: Invoke) {
  return makeCommand('env:code-reset', {
    summary: 'Reset the branch to a commit: later ones leave the history',
    description:
      'Sets the branch of a managed site back to a commit. Later commits leave the history, which is rewritten: who has a clone must reset it too. A safety backup is taken first; the old tip is kept in the repository.',
    examples: [['env:code-reset shop.dev 1a2b3c4d', 'asks first']],
  })
    .argument('<SITE.ENV>', 'the environment: dev of a managed site')
    .argument('<COMMIT>', 'a commit, a branch or a tag, as env:code-log shows them')
    .option('--confirm <SITE.ENV>', 'the name again')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, commit, options) => invoke((context) => moveCode(context, 'reset', subject, commit, options)))
}

async function moveCode(
  context: Context,
  how: 'revert' | 'reset',
  subject: string,
  commit: string,
  options: { confirm?: string; wait: boolean },
) {
  const { environment, where, view } = await findEnvironment(context, subject)
  requireManaged(environment, view, 'change the code of')
  const history = how === 'reset' ? ', and rewrites its history: later commits leave it' : ' by a new commit'
  await confirmDestructive(context, {
    environment,
    warning: `This puts the code of ${commit} into ${environment.text}${history}.\nA backup of the present state is taken first.`,
    question: `${how === 'reset' ? 'Reset' : 'Revert'} the code of ${environment.text}?`,
    confirm: options.confirm,
  })
  const input = how === 'reset' ? { commit, confirm: environment.text } : { commit }
  const started = await context.client.post<Started>(`${where}/${how}-code`, input)
  return follow(context, started, options.wait, async (workflow) =>
    managedOutcome(context, workflow, `${environment.text} has the code of ${commit}.`),
  )
}
