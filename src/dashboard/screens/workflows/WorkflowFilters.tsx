import { Group, Select, type SelectProps } from '@mantine/core'
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
      <Choice
        label="Site"
        all="All sites"
        data={[...names]}
        value={site}
        onChange={(value) => find({ site: value ?? undefined, environment: undefined })}
      />
      <Choice
        label="Environment"
        all="All environments"
        data={[...environments]}
        value={environment}
        onChange={(value) => find({ environment: value ?? undefined })}
      />
      <Choice
        label="Workflow"
        all="All workflows"
        data={workflowKinds.map((value) => ({ value, label: workflowTitle(value) }))}
        value={kind}
        onChange={(value) => find({ kind: workflowKinds.find((one) => one === value) })}
      />
      <Choice
        label="State"
        all="All states"
        data={workflowStates.map((value) => ({ value, label: stateWords[value] }))}
        value={state}
        onChange={(value) => find({ state: workflowStates.find((one) => one === value) })}
      />
    </Group>
  )
}

interface ChoiceProps {
  label: string
  /** What is shown when nothing is chosen */
  all: string
  data: NonNullable<SelectProps['data']>
  value: string | undefined
  onChange: (value: string | null) => void
}

function Choice({ label, all, data, value, onChange }: ChoiceProps) {
  return (
    <Select
      {...{ label, data, onChange }}
      flex={grow}
      placeholder={all}
      searchable
      clearable
      limit={100}
      value={value ?? null}
      clearButtonProps={{ 'aria-label': all }}
    />
  )
}
