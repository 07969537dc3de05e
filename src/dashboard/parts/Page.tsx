import { Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** A page's heading, with its buttons to the right; the browser's title says the same. */
export function Page({
  title,
  about,
  buttons,
  children,
}: {
  title: string
  about?: ReactNode
  buttons?: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Cairn`
  }, [title])
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          {about !== undefined && (
            <Text c="dimmed" component="div">
              {about}
            </Text>
          )}
        </div>
        {buttons !== undefined && <Group gap="xs">{buttons}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
