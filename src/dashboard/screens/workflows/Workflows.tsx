import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { WorkflowView } from '../../../contract/workSchemas.ts'
import { workflowsQuery } from '../../api/queries.ts'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { Elapsed, Moment } from '../../parts/Moment.tsx'
import { Page } from '../../parts/Page.tsx'
import { atLeast, Pages } from '../../parts/Pages.tsx'
import { StateBadge } from '../../parts/StateBadge.tsx'
import { placeOf, workflowTitle } from '../../words/workflow.ts'
import { WorkflowFilters } from './WorkflowFilters.tsx'

const route = getRouteApi('/shell/workflows')
const pageSize = 50

const columns: Column<WorkflowView>[] = [
  {
    head: 'Workflow',
    cell: ({ id, kind }) => (
      <AnchorLink to="/workflows/$id" params={{ id }} fw={500}>
        {workflowTitle(kind)}
      </AnchorLink>
    ),
  },
  { head: 'Of', cell: (workflow) => placeOf(workflow) },
  { head: 'State', cell: (workflow) => <State workflow={workflow} /> },
  { head: 'Asked for', cell: ({ createdAt }) => <Moment at={createdAt} />, oneLine: true },
  { head: 'By', cell: ({ actor }) => actor.name },
  {
    head: 'Took',
    cell: ({ startedAt, finishedAt }) => (startedAt === null ? '—' : <Elapsed from={startedAt} to={finishedAt} />),
    ...{ toRight: true, oneLine: true },
  },
]

/** All workflows, newest first, with filters that stand in the address. */
export function Workflows() {
  const { page = 1, ...filter } = route.useSearch()
  // one more than is shown tells whether there is another page
  const asked = { ...filter, limit: pageSize + 1, skip: (page - 1) * pageSize }
  const query = useQuery({ ...workflowsQuery(asked), placeholderData: (before) => before })
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  const found = query.data?.length ?? 0
  return (
    <Page title="Workflows" about="What was asked for, what runs, and what came of it">
      <WorkflowFilters />
      <DataTable
        label="Workflows"
        query={query}
        rows={(workflows) => workflows.slice(0, pageSize)}
        columns={columns}
        keyOf={({ id }) => id}
        minWidth={700}
        empty={
          <Empty title="No workflow">
            {isFiltered || page > 1 ? 'None is like this: show all.' : 'Every backup, restore and deploy is listed here.'}
          </Empty>
        }
      />
      <Pages page={page} size={pageSize} total={atLeast(page, pageSize, Math.min(found, pageSize), found > pageSize)} />
    </Page>
  )
}

function State({ workflow: { state, failure } }: { workflow: WorkflowView }) {
  return (
    <>
      <StateBadge state={state} />
      {failure !== null && (
        <Text size="xs" c="dimmed" maw={320} lineClamp={2}>
          {failure.message}
        </Text>
      )}
    </>
  )
}
