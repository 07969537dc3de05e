import { Button, Group, Select, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { workflowStates } from '../../../contract/words.ts'
import type { WorkflowView } from '../../../contract/workSchemas.ts'
import { overviewQuery, workflowsQuery } from '../../api/queries.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { Elapsed, Moment } from '../../parts/Moment.tsx'
import { Page } from '../../parts/Page.tsx'
import { StateBadge } from '../../parts/StateBadge.tsx'
import { placeOf, stateWords, workflowTitle } from '../../words/workflow.ts'

const route = getRouteApi('/shell/workflows')
const pageSize = 50

/** All workflows, newest first, with filters that stand in the address. */
export function Workflows() {
  const { site, environment, state, limit = pageSize } = route.useSearch()
  const query = useQuery({ ...workflowsQuery({ site, environment, state, limit }), placeholderData: (before) => before })
  const navigate = route.useNavigate()
  return (
    <Page title="Workflows" about="What was asked for, what runs, and what came of it">
      <Filters />
      <Loaded query={query} rows={8}>
        {(workflows) =>
          workflows.length === 0 ? (
            <Empty title="No workflow">
              {site === undefined && state === undefined
                ? 'Every backup, restore and deploy is listed here.'
                : 'None is like this: show all.'}
            </Empty>
          ) : (
            <>
              <Table.ScrollContainer minWidth={700} type="native">
                <Table verticalSpacing="sm" highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Workflow</Table.Th>
                      <Table.Th>Of</Table.Th>
                      <Table.Th>State</Table.Th>
                      <Table.Th>Asked for</Table.Th>
                      <Table.Th>By</Table.Th>
                      <Table.Th ta="right">Took</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {workflows.map((workflow) => (
                      <Row key={workflow.id} workflow={workflow} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              {workflows.length === limit && limit < 1000 && (
                <Button
                  variant="default"
                  w="fit-content"
                  onClick={() =>
                    void navigate({
                      search: (before) => ({ ...before, limit: Math.min(1000, limit + pageSize) }),
                      resetScroll: false,
                    })
                  }
                >
                  Older ones
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function Filters() {
  const { site, state } = route.useSearch()
  const { data } = useQuery(overviewQuery)
  const navigate = route.useNavigate()
  const names = new Set(data?.sites.map(({ name }) => name) ?? [])
  if (site !== undefined) names.add(site)
  return (
    <Group gap="sm">
      <Select
        label="Site"
        placeholder="All sites"
        searchable
        clearable
        limit={100}
        data={[...names]}
        value={site ?? null}
        onChange={(value) => void navigate({ search: (before) => ({ ...before, site: value ?? undefined, limit: undefined }) })}
        clearButtonProps={{ 'aria-label': 'All sites' }}
      />
      <Select
        label="State"
        placeholder="All"
        clearable
        data={workflowStates.map((value) => ({ value, label: stateWords[value] }))}
        value={state ?? null}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, state: workflowStates.find((one) => one === value), limit: undefined }),
          })
        }
        clearButtonProps={{ 'aria-label': 'All states' }}
      />
    </Group>
  )
}

function Row({ workflow }: { workflow: WorkflowView }) {
  const { id, kind, state, createdAt, startedAt, finishedAt, actor, failure } = workflow
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/workflows/$id" params={{ id }} fw={500}>
          {workflowTitle(kind)}
        </AnchorLink>
      </Table.Td>
      <Table.Td className="anywhere">{placeOf(workflow)}</Table.Td>
      <Table.Td>
        <StateBadge state={state} />
        {failure !== null && (
          <Text size="xs" c="dimmed" maw={320} lineClamp={2}>
            {failure.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={createdAt} />
      </Table.Td>
      <Table.Td className="anywhere">{actor.name}</Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {startedAt === null ? '—' : <Elapsed from={startedAt} to={finishedAt} />}
      </Table.Td>
    </Table.Tr>
  )
}
