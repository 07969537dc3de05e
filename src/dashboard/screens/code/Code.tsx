import { Alert, Badge, Button, Code as Mono, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { CodeCommit } from '../../../contract/managedSchemas.ts'
import { codeLogQuery, environmentQuery, siteQuery } from '../../api/queries.ts'
import { CopyLine } from '../../parts/Copy.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { Deploy } from './Deploy.tsx'
import { MoveCode } from './MoveCode.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/code')
const pageSize = 25

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

function Commits({ empty }: { empty: boolean }) {
  const place = route.useParams()
  const { page = 1 } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({ ...codeLogQuery(place, (page - 1) * pageSize, pageSize), enabled: !empty })
  if (empty) {
    return (
      <Empty title="Nothing was deployed here yet">
        {place.environment === 'test'
          ? "Deploy dev's code: files and database come along the first time."
          : "Deploy test's code: files and database come along the first time."}
      </Empty>
    )
  }
  const turn = (to: number): void => void navigate({ search: { page: to === 1 ? undefined : to } })
  return (
    <Loaded query={query} rows={6}>
      {({ commits, more }) =>
        commits.length === 0 ? (
          <Empty title="No commits">Push to master, or import code.</Empty>
        ) : (
          <>
            <Table.ScrollContainer minWidth={640} type="native">
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Commit</Table.Th>
                    <Table.Th>Author</Table.Th>
                    <Table.Th>Date</Table.Th>
                    <Table.Th>
                      <span className="visually-hidden">What can be done</span>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {commits.map((commit, at) => (
                    <Row key={commit.hash} commit={commit} newest={page === 1 && at === 0} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            {(page > 1 || more) && (
              <Group>
                <Button variant="default" size="xs" disabled={page === 1} onClick={() => turn(page - 1)}>
                  Newer
                </Button>
                <Button variant="default" size="xs" disabled={!more} onClick={() => turn(page + 1)}>
                  Older
                </Button>
              </Group>
            )}
          </>
        )
      }
    </Loaded>
  )
}

function Row({ commit, newest }: { commit: CodeCommit; newest: boolean }) {
  const place = route.useParams()
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={500} className="anywhere" title={commit.message}>
          {commit.subject}
        </Text>
        <Group gap={4}>
          <Text size="xs" c="dimmed" ff="monospace" title={commit.hash}>
            {commit.hash.slice(0, 12)}
          </Text>
          {commit.environments.map((name) => (
            <Badge key={name} size="xs" variant={name === place.environment ? 'filled' : 'default'}>
              {name}
            </Badge>
          ))}
          {commit.tags.map((tag) => (
            <Badge key={tag} size="xs" variant="outline" tt="none">
              {tag}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{commit.author}</Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
          <Moment at={commit.date} />
        </Text>
      </Table.Td>
      <Table.Td>{place.environment === 'dev' && !newest && <MoveCode place={place} commit={commit} />}</Table.Td>
    </Table.Tr>
  )
}
