import { Alert, Anchor, Group, List, Stack, Text } from '@mantine/core'
import { Check, ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import type { DeletedResult, ImportPlan, ManagedResult, ReplaceResult } from '../../contract/managedSchemas.ts'
import type { DetachedResult, WorkflowView } from '../../contract/workSchemas.ts'
import { AnchorLink } from '../parts/links.tsx'
import { plural } from '../words/count.ts'
import { durationText } from '../words/time.ts'
import { placeOf, workflowTitle } from '../words/workflow.ts'

/** What they were about is not there any more */
const removals = ['delete_site', 'delete_environment', 'detach']

const managedKinds = [
  'create_site',
  'add_environment',
  'import',
  'clone',
  'deploy',
  'wipe',
  'restore',
  'undo',
  'revert_code',
  'reset_code',
  'change_settings',
]

/** What came out, in sentences, with where to go on. */
export function WorkflowResult({ workflow }: { workflow: WorkflowView }) {
  const { kind, result, site } = workflow
  const facts = (typeof result === 'object' && result !== null ? result : {}) as Record<string, unknown>
  const environment = workflow.environment ?? (typeof facts['environment'] === 'string' ? facts['environment'] : null)
  const body: ReactNode[] = []
  if (kind === 'search_replace' && Array.isArray(facts['tables']))
    body.push(<Replaced key="r" result={result as ReplaceResult} />)
  else if (kind === 'import' && typeof facts['added'] === 'number') body.push(<Plan key="p" plan={result as ImportPlan} />)
  else if (kind === 'delete_site' || kind === 'delete_environment')
    body.push(<Deleted key="d" result={result as DeletedResult} />)
  else if (kind === 'detach') body.push(<Detached key="t" result={result as DetachedResult} />)
  else if (managedKinds.includes(kind) && Array.isArray(facts['done']))
    body.push(<Managed key="m" result={result as ManagedResult} />)
  return (
    <Alert color="teal" icon={<Check size={18} aria-hidden />} title={`${workflowTitle(kind)} of ${placeOf(workflow)}: done`}>
      <Stack gap="xs">
        {body}
        {!removals.includes(kind) && site !== null && environment !== null && (
          <Group gap="md">
            <AnchorLink to="/sites/$site/$environment/backups" params={{ site, environment }} size="sm">
              Go to {site}.{environment}
            </AnchorLink>
            {kind === 'backup' && (
              <AnchorLink to="/sites/$site/$environment/backups/log" params={{ site, environment }} size="sm">
                Backup Log
              </AnchorLink>
            )}
          </Group>
        )}
      </Stack>
    </Alert>
  )
}

function Managed({ result }: { result: ManagedResult }) {
  return (
    <>
      {result.done.length > 0 && (
        <List size="sm">
          {result.done.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      )}
      {result.url !== null && (
        <Anchor href={result.url} target="_blank" rel="noreferrer" size="sm">
          Visit {result.url} <ExternalLink size={12} aria-label="opens in a new tab" />
        </Anchor>
      )}
      {result.maintenanceMs !== null && (
        <Text size="xs" c="dimmed">
          Visitors were held for {durationText(result.maintenanceMs)}
        </Text>
      )}
    </>
  )
}

function Replaced({ result }: { result: ReplaceResult }) {
  const { dryRun, replacements, cells, samples } = result
  return (
    <>
      <Text size="sm">
        {plural(replacements, 'place')} {dryRun ? 'would be' : 'were'} replaced, in {plural(cells, 'cell')}.
        {dryRun && ' Nothing was changed.'}
      </Text>
      {samples.slice(0, 8).map(({ table, column, before, after }, at) => (
        <Text key={at} size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {table}.{column}
          <br />− {before}
          <br />+ {after}
        </Text>
      ))}
    </>
  )
}

function Plan({ plan }: { plan: ImportPlan }) {
  return (
    <Text size="sm">
      Nothing was changed. It would add {plural(plan.added, 'file')}, change {plan.changed} and remove {plan.removed}.
    </Text>
  )
}

function Deleted({ result }: { result: DeletedResult }) {
  return (
    <Text size="sm">
      Its backups stay: {plural(result.lastBackups.length, 'last backup')} {result.lastBackups.length === 1 ? 'was' : 'were'}{' '}
      taken. A site can be made out of one again.
    </Text>
  )
}

function Detached({ result }: { result: DetachedResult }) {
  return (
    <Text size="sm">
      It is forgotten, and {plural(result.undoDropped, 'undo set')} {result.undoDropped === 1 ? 'was' : 'were'} deleted. Its
      directory, its database and its backups stay.
    </Text>
  )
}
