import { Alert, Code as Mono, Group, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { environmentQuery, siteQuery } from '../../api/queries.ts'
import { CopyLine } from '../../parts/Copy.tsx'
import { Commits } from './Commits.tsx'
import { Deploy } from './Deploy.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/code')

/** Code: where to clone and push, what is deployed here, and how it moves. */
export function Code() {
  const place = route.useParams()
  const environment = useQuery(environmentQuery(place)).data
  const site = useQuery(siteQuery(place.site)).data
  if (environment === undefined) return null
  if (environment.managed === null) {
    return (
      <Stack>
        <Title order={2} size="h3">
          Code
        </Title>
        <Alert color="gray" title="This environment is attached">
          Its code lives at <Mono>{environment.codeRoot}</Mono>, and Cairn backs it up from there. History, deploys and pushes are
          for sites that Cairn runs: make one out of a backup, or out of archives.
        </Alert>
      </Stack>
    )
  }
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Title order={2} size="h3">
          Code
        </Title>
        {(place.environment === 'test' || place.environment === 'live') && <Deploy place={place} />}
      </Group>
      {site?.gitUrl != null && (
        <CopyLine
          label="Clone and push"
          value={`git clone ${site.gitUrl}`}
          remark="The password is a machine token (Account); the user name may be anything. What is pushed to master is shown by dev."
        />
      )}
      <Commits empty={environment.managed.release === 0} />
    </Stack>
  )
}
