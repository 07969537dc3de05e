import { List, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { EnvironmentView } from '../../../contract/schemas.ts'
import { environmentQuery, preflightQuery } from '../../api/queries.ts'
import { FactTable } from '../../parts/FactTable.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { AddEnvironment } from './AddEnvironment.tsx'
import { Address } from './Address.tsx'
import { AttachAgain } from './AttachAgain.tsx'
import { DeletePlace } from './DeletePlace.tsx'
import { Detach } from './Detach.tsx'
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
              <>
                <Possible />
                <AttachAgain environment={environment} />
                <Detach environment={environment} />
              </>
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
  return <FactTable rows={rows} />
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
                {/* code and files have most of them in common */}
                {[...new Map(preflight.checks.map((one) => [one.message, one])).values()]
                  .toSorted((one, other) => Number(one.ok) - Number(other.ok))
                  .map(({ ok, level, message }) => (
                    <List.Item key={message} {...(ok ? {} : { c: level === 'error' ? 'red' : 'orange' })}>
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
