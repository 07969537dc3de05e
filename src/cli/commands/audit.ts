import { Failure } from '../../base/failure.ts'
import { nearest } from '../../base/nearest.ts'
import type { AuditPage, AuditRow } from '../../contract/accessSchemas.ts'
import { actionNames } from '../../contract/actions.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { readCount } from '../inputs.ts'
import { type Column, rowsOf } from '../output/data.ts'
import { safeText } from '../output/human.ts'

const columns: Column[] = [
  { name: 'at', title: 'Time', look: 'time' },
  { name: 'who', title: 'Who' },
  { name: 'action', title: 'Action' },
  { name: 'subject', title: 'On what' },
  { name: 'result', title: 'Result' },
  { name: 'address', title: 'From' },
  { name: 'details', title: 'Details', hidden: true, show: (details: object) => safeText(JSON.stringify(details)) },
  { name: 'actor', title: 'Actor', hidden: true },
  { name: 'site', title: 'Site', hidden: true },
  { name: 'environment', title: 'Environment', hidden: true },
  { name: 'id', title: 'Row', hidden: true },
]
const results = ['done', 'failed', 'begun']
const pageRows = 500

export function auditList(invoke: Invoke) {
  return makeCommand('audit:list', {
    summary: 'Show who did what, when, from where, and how it ended',
    description:
      'The audit log: a row for each change, each download and each refusal, newest first. As admin of single sites you see theirs.',
    examples: [
      ['audit:list blog.live --since=2026-01-01', 'what happened to an environment'],
      ['audit:list --actor=vera --result=failed', 'what somebody tried'],
      ['audit:list --action=link. --json', 'links and downloads, with all details'],
    ],
  })
    .argument('[SITE[.ENV]]', 'only rows about a site or an environment')
    .option('--action <name>', 'one action, or with a dot at the end all of its kind')
    .option('--actor <text>', 'a part of a name or an address')
    .option('--result <result>', results.join(', '))
    .option('--since <time>', 'from this day or moment on')
    .option('--until <time>', 'before this day or moment')
    .option('--limit <count>', 'how many', '50')
    .action((subject, options) =>
      invoke(async ({ client }) => {
        const [site, environment] = subject?.split('.', 2) ?? []
        const { action, actor, result } = options
        if (result !== undefined && !results.includes(result)) {
          throw new Failure('INPUT_INVALID', `Cannot list rows with the result "${result}": there is none of this name`, {
            hint: `Results: ${results.join(', ')}`,
          })
        }
        if (
          action !== undefined &&
          !actionNames.some((name) => name === action || (action.endsWith('.') && name.startsWith(action)))
        ) {
          const near = nearest(action, actionNames)
          throw new Failure('INPUT_INVALID', `Cannot list rows of the action "${action}": there is none of this name`, {
            hint: `${near === null ? '' : `Did you mean "${near}"? `}"cairn role:list" shows them; with a dot at the end all of a kind are meant, such as backup.`,
          })
        }
        const times = { since: readTime(options.since), until: readTime(options.until) }
        const wanted = readCount(options.limit, '--limit', 100_000)
        const rows: AuditRow[] = []
        for (let before: number | undefined; rows.length < wanted;) {
          const limit = Math.min(pageRows, wanted - rows.length)
          const query = { site, environment, action, actor, result, ...times, before, limit }
          const page = await client.get<AuditPage>('/v1/audit', query)
          rows.push(...page.rows)
          if (page.next === null) break
          before = page.next
        }
        return {
          data: rowsOf(
            columns,
            rows.map((row) => ({ ...row, who: row.actor.name })),
            'No rows',
          ),
        }
      }),
    )
}

function readTime(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new Failure('INPUT_INVALID', `Cannot read the time "${text}": a day such as 2026-03-01 or a moment is wanted`, {
    hint: 'A moment is written 2026-03-01T14:05, or 2026-03-01T14:05:00Z for UTC',
  })
}
