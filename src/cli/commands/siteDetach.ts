import type { EnvironmentView } from '../../contract/schemas.ts'
import type { DetachedResult, Started, WorkflowView } from '../../contract/workSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { findEnvironment } from '../inputs.ts'
import { type Outcome, singleOf } from '../output/data.ts'

export function siteDetach(invoke: Invoke) {
  return makeCommand('site:detach', {
    summary: 'Forget an attached site',
    description:
      'Forgets an attached environment, and the site with its last one. Its directory and its database are not touched; its backups stay, can be downloaded, and a managed site can be made of them. While what a restore replaced is kept (an undo set), this is refused, unless it may be deleted with --drop-undo.',
    examples: [
      ['site:detach blog.live', 'asks for the name'],
      ['site:detach blog.live --yes --confirm=blog.live', 'without a question'],
      ['site:detach blog.live --drop-undo', 'its last restore cannot be undone any more'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes')
    .option('--drop-undo', 'delete first what restores replaced, beside the site and in its database')
    .option('-W, --no-wait', 'with --drop-undo: do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const { environment, where, view } = await findEnvironment(context, subject)
        const { text } = environment
        const lost = options.dropUndo === true ? lostText(text, view.undoSets) : ''
        await confirmDestructive(context, {
          environment,
          typed: true,
          warning: `${lost}${text} is forgotten. Its backups stay, and can be restored when it is attached anew under this name. If it has only moved, or has other credentials: cairn site:attach ${text} --path=DIR --again`,
          question: `Detach ${text}?`,
          confirm: options.confirm,
        })
        if (options.dropUndo === true) {
          const started = await context.client.post<Started>(`${where}/detach`, { confirm: text, dropUndo: true })
          return follow(context, started, options.wait, async (workflow) => detachedOutcome(context, text, workflow))
        }
        await context.client.post(`${where}/detach`, { confirm: text })
        context.say(`${text} is detached; nothing in its directory was changed.`)
        return {}
      }),
    )
}

/** Which undo sets go, one a line. */
function lostText(text: string, undoSets: EnvironmentView['undoSets']): string {
  if (undoSets.length === 0) return 'No undo set is kept.\n'
  const sets = undoSets.map(({ state, backup, restoredAt, keepUntil }) => {
    const kept = keepUntil === null ? '' : `, kept until ${keepUntil}`
    return `  the restore of ${restoredAt}${backup === null ? '' : ` (backup ${backup})`}, ${state === 'ready' ? 'in place' : 'undone'}${kept}`
  })
  const can =
    undoSets.length === 1
      ? 'this restore can neither be undone nor done again'
      : 'these restores can neither be undone nor done again'
  return `This is destructive: it deletes ${undoSets.length === 1 ? 'the undo set' : 'the undo sets'} of ${text}; ${can}:\n${sets.join('\n')}\n`
}

function detachedOutcome(context: Context, text: string, workflow: WorkflowView): Outcome {
  const { undoDropped } = workflow.result as DetachedResult
  context.say(`${text} is detached. Undo sets that were deleted: ${undoDropped}; nothing else of it was changed.`)
  const columns = [
    { name: 'detached', title: 'Detached' },
    { name: 'undoDropped', title: 'Undo sets deleted' },
    { name: 'workflow', title: 'Workflow' },
  ]
  return { data: singleOf(columns, { detached: text, undoDropped, workflow: workflow.id }) }
}
