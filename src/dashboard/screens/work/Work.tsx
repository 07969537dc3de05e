import { Alert, Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { environmentQuery } from '../../api/queries.ts'
import { Clone } from './Clone.tsx'
import { Import } from './Import.tsx'
import { SearchReplace } from './SearchReplace.tsx'
import { Wipe } from './Wipe.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/workflow')
const parts = [
  { value: 'import', label: 'Import' },
  { value: 'clone', label: 'Clone content' },
  { value: 'search-replace', label: 'Search and replace' },
  { value: 'wipe', label: 'Wipe' },
] as const

/** Workflow: what is done to the content of an environment. */
export function Work() {
  const place = route.useParams()
  const { part = 'import', from } = route.useSearch()
  const navigate = route.useNavigate()
  const environment = useQuery(environmentQuery(place)).data
  if (environment === undefined) return null
  const blocked =
    environment.managed?.release === 0 ? 'Nothing was deployed here yet: deploy to it, or clone content into it' : null
  return (
    <Stack>
      <Title order={2} size="h3">
        Workflow
      </Title>
      {environment.managed === null ? (
        <Alert color="gray" title="This environment is attached">
          Cairn backs it up and restores it where it is. Importing, cloning and wiping are for sites that Cairn runs: restore a
          backup of it into one, or make a new site of a backup.
        </Alert>
      ) : (
        <Tabs
          value={part}
          onChange={(value) => {
            const next = parts.find((one) => one.value === value)?.value
            void navigate({ search: { part: next === 'import' ? undefined : next, from: undefined } })
          }}
        >
          <Tabs.List>
            {parts.map(({ value, label }) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="import" pt="md">
            <Import place={place} blocked={blocked} />
          </Tabs.Panel>
          <Tabs.Panel value="clone" pt="md">
            <Clone place={place} {...(from === undefined ? {} : { from })} />
          </Tabs.Panel>
          <Tabs.Panel value="search-replace" pt="md">
            <SearchReplace place={place} blocked={blocked} />
          </Tabs.Panel>
          <Tabs.Panel value="wipe" pt="md">
            <Wipe place={place} blocked={blocked} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Stack>
  )
}
