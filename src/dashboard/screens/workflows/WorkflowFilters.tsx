import { Group, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { workflowKinds, workflowStates } from '../../../contract/words.ts'
import { overviewQuery } from '../../api/queries.ts'
import { stateWords, workflowTitle } from '../../words/workflow.ts'

const route = getRouteApi('/shell/workflows')

/** Two beside each other on a phone */
const grow = { base: '1 1 40%', sm: '0 1 200px' }

/** Of which site and environment, of which kind, and in which state. */
export function WorkflowFilters() {
  const { site, environment, state, kind } = route.useSearch()
  const { data } = useQuery(overviewQuery)
  const navigate = route.useNavigate()
  const names = new Set(data?.sites.map(({ name }) => name) ?? [])
  if (site !== undefined) names.add(site)
  const places = data?.sites.filter(({ name }) => site === undefined || name === site).flatMap(({ environments }) => environments)
  const environments = new Set(places?.map(({ name }) => name) ?? [])
  if (environment !== undefined) environments.add(environment)
  const find = (change: object): void => void navigate({ search: (before) => ({ ...before, ...change, page: undefined }) })
  return (
    <Group gap="sm">
      <Select
        label="Site"
        flex={grow}
        placeholder="All sites"
        searchable
        clearable
        limit={100}
        data={[...names]}
        value={site ?? null}
        onChange={(value) => find({ site: value ?? undefined, environment: undefined })}
        clearButtonProps={{ 'aria-label': 'All sites' }}
      />
      <Select
        label="Environment"
        flex={grow}
        placeholder="All"
        searchable
        clearable
        limit={100}
        data={[...environments]}
        value={environment ?? null}
        onChange={(value) => find({ environment: value ?? undefined })}
        clearButtonProps={{ 'aria-label': 'All environments' }}
      />
      <Select
        label="Workflow"
        flex={grow}
        placeholder="All"
        searchable
        clearable
        data={workflowKinds.map((value) => ({ value, label: workflowTitle(value) }))}
        value={kind ?? null}
        onChange={(value) => find({ kind: workflowKinds.find((one) => one === value) })}
        clearButtonProps={{ 'aria-label': 'All workflows' }}
      />
      <Select
        label="State"
        flex={grow}
        placeholder="All"
        clearable
        data={workflowStates.map((value) => ({ value, label: stateWords[value] }))}
        value={state ?? null}
        onChange={(value) => find({ state: workflowStates.find((one) => one === value) })}
        clearButtonProps={{ 'aria-label': 'All states' }}
      />
    </Group>
  )
}
