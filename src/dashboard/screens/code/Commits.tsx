import { Badge, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { CodeCommit } from '../../../contract/managedSchemas.ts'
import { codeLogQuery, type Place } from '../../api/queries.ts'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { atLeast, Pages } from '../../parts/Pages.tsx'
import { MoveCode } from './MoveCode.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/code')
const pageSize = 25

/** The commits of an environment, the newest first; dev goes back to an earlier one from here. */
export function Commits({ empty }: { empty: boolean }) {
  const place = route.useParams()
  const { page = 1 } = route.useSearch()
  const query = useQuery({
    ...codeLogQuery(place, (page - 1) * pageSize, pageSize),
    enabled: !empty,
    placeholderData: (before) => before,
  })
  if (empty) {
    return (
      <Empty title="Nothing was deployed here yet">
        {place.environment === 'test'
          ? "Deploy dev's code: files and database come along the first time."
          : "Deploy test's code: files and database come along the first time."}
      </Empty>
    )
  }
  const { commits = [], more = false } = query.data ?? {}
  const newest = page === 1 ? commits[0]?.hash : undefined
  return (
    <>
      <DataTable
        label="Commits"
        query={query}
        rows={(log) => log.commits}
        columns={columnsOf(place)}
        keyOf={({ hash }) => hash}
        actions={(commit) => place.environment === 'dev' && commit.hash !== newest && <MoveCode place={place} commit={commit} />}
        minWidth={640}
        empty={<Empty title="No commits">Push to master, or import code.</Empty>}
      />
      <Pages page={page} size={pageSize} total={atLeast(page, pageSize, commits.length, more)} />
    </>
  )
}

const columnsOf = ({ environment }: Place): Column<CodeCommit>[] => [
  { head: 'Commit', cell: (commit) => <Commit commit={commit} environment={environment} />, long: true },
  { head: 'Author', cell: ({ author }) => author },
  { head: 'Date', cell: ({ date }) => <Moment at={date} />, oneLine: true },
]

function Commit({ commit, environment }: { commit: CodeCommit; environment: string }) {
  return (
    <>
      <Text size="sm" fw={500} title={commit.message}>
        {commit.subject}
      </Text>
      <Group gap={4}>
        <Text size="xs" c="dimmed" ff="monospace" title={commit.hash}>
          {commit.hash.slice(0, 12)}
        </Text>
        {commit.environments.map((name) => (
          <Badge key={name} size="xs" variant={name === environment ? 'filled' : 'default'}>
            {name}
          </Badge>
        ))}
        {commit.tags.map((tag) => (
          <Badge key={tag} size="xs" variant="outline" tt="none">
            {tag}
          </Badge>
        ))}
      </Group>
    </>
  )
}
