import { Alert, Checkbox, Code, Group, List, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { RepositoryCheck } from '../../../contract/workSchemas.ts'
import { healthQuery, repositoryQuery } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { sizeText } from '../../../contract/sizeText.ts'
import { countText, plural } from '../../words/count.ts'
import { durationText } from '../../words/time.ts'
import { ExportKey } from './ExportKey.tsx'

/** The repository: how much it holds, whether it is sound, and its key. */
export function Repository() {
  const query = useQuery(repositoryQuery)
  const { data: health } = useQuery(healthQuery)
  return (
    <Stack gap="lg">
      {health !== undefined && <ExportKey exported={health.keyExported} />}
      <Loaded query={query}>
        {(stats) => (
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
            <Fact title="On disk" value={sizeText(stats.storedBytes)} about={plural(stats.packs, 'pack')} />
            <Fact title="As archives" value={sizeText(stats.archiveBytes)} about="each downloaded once" />
            <Fact title="Content" value={sizeText(stats.rawBytes)} about={times(stats.rawBytes, stats.storedBytes)} />
            <Fact title="Backups" value={countText(stats.backups)} about={plural(stats.chunks, 'chunk')} />
          </SimpleGrid>
        )}
      </Loaded>
      <Check />
      {query.data !== undefined && (
        <Text size="xs" c="dimmed">
          Repository {query.data.repositoryId} · Cairn {health?.version}
        </Text>
      )}
    </Stack>
  )
}

const times = (raw: number, stored: number): string =>
  stored === 0 ? 'before compression' : `${(raw / stored).toFixed(1)} times what is stored`

function Fact({ title, value, about }: { title: string; value: string; about: string }) {
  return (
    <Paper withBorder p="md" radius="md">
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fw={700} size="xl">
        {value}
      </Text>
      <Text size="sm" c="dimmed">
        {about}
      </Text>
    </Paper>
  )
}

function Check() {
  const [readData, setReadData] = useState(false)
  const check = useChange(() => send<RepositoryCheck>('POST', '/v1/repository/check', { readData }), { forget: ['nothing'] })
  const { data } = check
  return (
    <Paper withBorder p="md" radius="md">
      <Stack>
        <Title order={2} size="h4">
          Health
        </Title>
        <Checkbox
          label="Read every byte"
          description="Takes as long as reading the whole repository"
          checked={readData}
          onChange={(event) => setReadData(event.currentTarget.checked)}
        />
        <Group>
          <ActionButton action="repository.check" loading={check.isPending} onClick={() => check.mutate()}>
            Check the repository
          </ActionButton>
        </Group>
        {data !== undefined && (
          <Alert color={data.ok ? 'teal' : 'red'} title={data.ok ? 'It is sound' : 'There is damage'} role="status">
            {plural(data.backups, 'backup')}, {plural(data.packs, 'pack')}, {plural(data.chunks, 'chunk')} looked at in{' '}
            {durationText(data.seconds * 1000)}
            {data.readData && `, ${sizeText(data.bytesRead)} read`}.
            <List size="sm">
              {data.problems.map(({ code, message }) => (
                <List.Item key={message}>
                  {message} <Code>{code}</Code>
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
      </Stack>
    </Paper>
  )
}
