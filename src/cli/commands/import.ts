import { Failure } from '../../base/failure.ts'
import type { ImportInput } from '../../contract/managedSchemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import type { Element } from '../../contract/words.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { givenText, lookAtGiven, sendGiven } from '../given.ts'
import { findEnvironment, readEnvironment } from '../inputs.ts'
import { importPlanOutcome, managedOutcome } from '../managed.ts'
import { requireImportable } from '../managedOnly.ts'

interface Options {
  dryRun?: true
  overwrite?: true
  keepAddresses?: true
  confirm?: string
  wait: boolean
}

const confirmOption = ['--confirm <SITE.ENV>', 'the name again, needed with --yes for live'] as const
const waitOption = ['-W, --no-wait', 'do not wait, print the id of the workflow'] as const

export function importDatabase(invoke: Invoke) {
  return makeCommand('import:database', {
    summary: 'Replace the database of an environment by a dump',
    description:
      'Replaces the database of a managed environment by a dump from elsewhere (.sql, .sql.gz, or an archive that holds one). Addresses in it become those of the environment. A safety backup is taken first.',
    examples: [
      ['import:database shop.dev dump.sql.gz', 'a file, which is uploaded'],
      ['import:database shop.dev https://example.org/dump.sql.gz', 'an address, which the server fetches'],
      ['import:database shop.live dump.sql --yes --confirm=shop.live', 'live, without a question'],
    ],
  })
    .alias('import:db')
    .argument('<SITE.ENV>', 'the environment')
    .argument('<file|address>', givenText)
    .option('--keep-addresses', 'leave the addresses in the database as they are')
    .option(...confirmOption)
    .option(...waitOption)
    .action((subject, given, options) => invoke((context) => importInto(context, 'database', subject, given, options)))
}

export function importFiles(invoke: Invoke) {
  return makeCommand('import:files', {
    summary: 'Replace the files of an environment by those of an archive',
    description: 'Replaces the uploads of a managed environment by those of an archive. A safety backup is taken first.',
    examples: [
      ['import:files shop.dev files.tar.gz', 'a file, which is uploaded; the same command goes on with a cut upload'],
      ['import:files shop.dev files.zip --dry-run', 'what would be added, changed and removed'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment')
    .argument('<file|address>', givenText)
    .option('--dry-run', 'list what would change, and change nothing')
    .option(...confirmOption)
    .option(...waitOption)
    .action((subject, given, options) => invoke((context) => importInto(context, 'files', subject, given, options)))
}

export function importCode(invoke: Invoke) {
  return makeCommand('import:code', {
    summary: 'Commit the code of an archive into dev',
    description:
      'Makes the code of an archive the next commit of a managed environment. The history of the site is kept; a .git in the archive is ignored (docs/manual-import.md shows how to merge histories). A safety backup is taken first.',
    examples: [
      ['import:code shop.dev code.tar.gz', 'the tree becomes what the archive holds'],
      ['import:code shop.dev code.tar.gz --overwrite', 'what the archive holds is laid over the tree, nothing is removed'],
      ['import:code shop.dev code.tar.gz --dry-run', 'what would be added, changed and removed'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment')
    .argument('<file|address>', givenText)
    .option('--overwrite', 'lay the archive over the tree, and remove nothing')
    .option('--dry-run', 'list what would change, and change nothing')
    .option(...confirmOption)
    .option(...waitOption)
    .action((subject, given, options) => invoke((context) => importInto(context, 'code', subject, given, options)))
}

async function importInto(context: Context, element: Element, subject: string, text: string, options: Options) {
  readEnvironment(subject, context.terminal.env) // a wrong one is told before the file is
  const looked = await lookAtGiven(context, { [element]: text })
  const { environment, where, view } = await findEnvironment(context, subject)
  await requireImportable(context, environment, view)
  const dryRun = options.dryRun === true
  if (!dryRun) {
    await confirmDestructive(context, {
      environment,
      warning: `This is destructive: it replaces ${words[element]} of ${environment.text}${options.overwrite === true ? ' where the archive has the same' : ''}.\nA backup of the present state is taken first, and "env:undo" takes the import back.`,
      question: `Import ${element} into ${environment.text}?`,
      confirm: options.confirm,
    })
  }
  const { [element]: from } = await sendGiven(context, looked)
  if (from === undefined) throw new Failure('INPUT_INVALID', 'Cannot import: nothing was given')
  const input: ImportInput = {
    ...{ element, from },
    ...(options.overwrite === true ? { code: 'overwrite' } : {}),
    ...(options.keepAddresses === true ? { replaceAddresses: false } : {}),
    ...(dryRun ? { dryRun } : { confirm: environment.text }),
  }
  const started = await context.client.post<Started>(`${where}/import`, input)
  return follow(context, started, options.wait, async (workflow) =>
    dryRun
      ? importPlanOutcome(context, workflow)
      : managedOutcome(context, workflow, `${environment.text} has the imported ${element}.`),
  )
}

const words: Record<Element, string> = { code: 'the code', files: 'the files', database: 'the database' }
