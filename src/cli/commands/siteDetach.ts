import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { findEnvironment } from '../inputs.ts'

export function siteDetach(invoke: Invoke) {
  return makeCommand('site:detach', {
    summary: 'Forget an attached site',
    description:
      'Forgets an attached environment, and the site with its last one. Its directory and its database are not touched; its backups stay, can be downloaded, and a managed site can be made of them.',
    examples: [
      ['site:detach blog.live', 'asks for the name'],
      ['site:detach blog.live --yes --confirm=blog.live', 'without a question'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes')
    .action((subject, options) =>
      invoke(async (context) => {
        const { environment, where } = await findEnvironment(context, subject)
        await confirmDestructive(context, {
          environment,
          typed: true,
          warning: `${environment.text} is forgotten. Its backups stay, and can be restored when it is attached anew under this name. If it has only moved, or has other credentials: cairn site:attach ${environment.text} --path=DIR --again`,
          question: `Detach ${environment.text}?`,
          confirm: options.confirm,
        })
        await context.client.post(`${where}/detach`, { confirm: environment.text })
        context.say(`${environment.text} is detached; nothing in its directory was changed.`)
        return {}
      }),
    )
}
