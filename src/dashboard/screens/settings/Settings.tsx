import { Alert, Code, Group, List, Paper, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { EnvironmentView } from '../../../contract/schemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, environmentQuery, preflightQuery } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { AddEnvironment } from './AddEnvironment.tsx'
import { DeletePlace } from './DeletePlace.tsx'
import { Webserver } from './Webserver.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/settings')

/** Settings: what the environment is, its address, and what is done to it as a whole. */
export function Settings() {
  const place = route.useParams()
  const query = useQuery(environmentQuery(place))
  return (
    <Stack gap="lg">
      <Title order={2} size="h3">
        Settings
      </Title>
      <Loaded query={query}>
        {(environment) => (
          <>
            <Facts environment={environment} />
            {environment.managed === null ? (
              <Possible />
            ) : (
              <>
                <Address environment={environment} />
                {environment.managed.release > 0 && <Webserver place={place} />}
                <AddEnvironment site={place.site} from={place.environment} />
                <DeletePlace place={place} />
              </>
            )}
          </>
        )}
      </Loaded>
    </Stack>
  )
}

function Facts({ environment }: { environment: EnvironmentView }) {
  const { framework, version, codeRoot, filesDirectory, database, url, kind, managed, configFiles } = environment
  const rows: [string, string][] = [
    ['Kind', managed === null ? `${kind}: Cairn backs it up where it is` : 'managed: Cairn runs it'],
    ['Framework', framework === null ? 'not known' : `${frameworkWords[framework] ?? framework} ${version ?? ''}`],
    ['Address', url ?? 'not known'],
    ['Code', codeRoot],
    ['Files', filesDirectory ?? 'none'],
    [
      'Database',
      database === null
        ? 'none'
        : `${database.name} as ${database.user} at ${database.socket ?? `${database.host ?? ''}:${database.port ?? ''}`}`,
    ],
  ]
  if (configFiles.length > 0) rows.push(['With credentials', configFiles.join(', ')])
  return (
    <Table variant="vertical" withTableBorder maw={860}>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={160}>{name}</Table.Th>
            <Table.Td className="anywhere">{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

/** How a restore would be done here; tried out when the page is opened. */
function Possible() {
  const query = useQuery(preflightQuery(route.useParams()))
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Title order={3} size="h4" mb="xs">
        What a restore can do here
      </Title>
      <Loaded query={query} rows={3}>
        {({ preflight }) =>
          preflight === undefined ? null : (
            <Stack gap="xs">
              <Text size="sm">{preflight.mode}</Text>
              <List size="sm">
                {preflight.checks.map(({ check, ok, level, message }) => (
                  <List.Item key={`${check} ${message}`} {...(ok ? {} : { c: level === 'error' ? 'red' : 'orange' })}>
                    {message}
                  </List.Item>
                ))}
              </List>
            </Stack>
          )
        }
      </Loaded>
    </Paper>
  )
}

function Address({ environment }: { environment: EnvironmentView }) {
  const place = { site: environment.site, environment: environment.name }
  const name = `${place.site}.${place.environment}`
  const [url, setUrl] = useState(environment.url ?? '')
  const [asked, setAsked] = useState(false)
  const change = useStart(
    (confirm: string) =>
      send<Started>('PATCH', environmentPath(place), {
        url: url.trim() === '' ? null : url.trim(),
        ...(confirm === '' ? {} : { confirm }),
      }),
    { inForm: true, onStarted: () => setAsked(false) },
  )
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack>
        <Title order={3} size="h4">
          Address
        </Title>
        <TextInput
          label="Where it is visited"
          description="Empty is the gateway's own address. The site's database follows"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          placeholder="https://www.example.org"
        />
        <Group>
          <ActionButton
            action="environment.edit"
            {...place}
            blocked={url === (environment.url ?? '') ? 'The address is as it was' : null}
            onClick={() => setAsked(true)}
          >
            Change the address
          </ActionButton>
        </Group>
      </Stack>
      <ConfirmModal
        opened={asked}
        onClose={() => setAsked(false)}
        title={`Change the address of ${name}`}
        typed={place.environment === 'live' ? name : null}
        button="Change"
        color="moss"
        busy={change.isPending}
        error={change.error}
        onConfirm={(typed) => change.mutate(typed)}
      >
        <Alert color="gray">
          From <Code>{environment.url ?? "the gateway's own"}</Code> to <Code>{url === '' ? "the gateway's own" : url}</Code>
        </Alert>
      </ConfirmModal>
    </Paper>
  )
}
