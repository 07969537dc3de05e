import { Container, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { Logo } from '../../layout/Logo.tsx'

/** What stands around the pages that need nobody to be signed in. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Cairn`
  }, [title])
  return (
    <Container size={440} py={{ base: 'lg', sm: 80 }} component="main">
      <Stack>
        <Group gap="xs" justify="center">
          <Logo />
          <Text fw={700} size="xl">
            Cairn
          </Text>
        </Group>
        <Paper withBorder p={{ base: 'md', sm: 'xl' }} radius="md" shadow="sm">
          <Stack>
            <Title order={1} size="h3">
              {title}
            </Title>
            {children}
          </Stack>
        </Paper>
      </Stack>
    </Container>
  )
}
