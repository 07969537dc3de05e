import { Button, Code, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { WebserverView } from '../../../contract/managedSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { CopyLine } from '../../parts/Copy.tsx'
import { Loaded } from '../../parts/Loaded.tsx'

/** What a web server in earnest needs: shown when it is wanted. */
export function Webserver({ place }: { place: Place }) {
  const [shown, setShown] = useState(false)
  const query = useQuery({
    queryKey: ['site', place.site, 'webserver', place.environment],
    queryFn: () => send<WebserverView>('GET', `${environmentPath(place)}/webserver-config`),
    enabled: shown,
  })
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack align="flex-start">
        <Title order={3} size="h4">
          Web server
        </Title>
        <Text size="sm">
          The gateway is for looking. In earnest a web server of your own serves the site, with this configuration.
        </Text>
        {!shown ? (
          <Button size="xs" variant="default" onClick={() => setShown(true)}>
            Show the configuration for nginx
          </Button>
        ) : (
          <Loaded query={query}>
            {({ commands, files }) => (
              <Stack w="100%">
                <CopyLine label="Once, as root" value={commands.join('\n')} />
                {files.map(({ path, text }) => (
                  <div key={path}>
                    <Text size="sm" fw={500}>
                      {path}
                    </Text>
                    <Code block tabIndex={0} aria-label={path} style={{ maxHeight: 280, overflow: 'auto' }}>
                      {text}
                    </Code>
                  </div>
                ))}
              </Stack>
            )}
          </Loaded>
        )}
      </Stack>
    </Paper>
  )
}
