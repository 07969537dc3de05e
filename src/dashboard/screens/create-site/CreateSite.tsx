import { Paper, Radio, SimpleGrid, Stack, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { Page } from '../../parts/Page.tsx'
import { AttachForm } from './AttachForm.tsx'
import { BackupForm } from './BackupForm.tsx'
import { EmptyForm } from './EmptyForm.tsx'
import { ImportForm } from './ImportForm.tsx'

const route = getRouteApi('/shell/sites/new')

const ways = [
  { way: 'archives', title: 'Import Archives', about: 'Code, database and files of a site that is elsewhere', Form: ImportForm },
  { way: 'backup', title: 'From a backup', about: 'A copy of any site, as it was then', Form: BackupForm },
  { way: 'empty', title: 'Empty', about: 'Only the place, for code that is pushed', Form: EmptyForm },
  { way: 'attach', title: 'Attach', about: 'A site that runs on this server; it stays where it is', Form: AttachForm },
] as const

/** Create A New Site, in one of four ways. */
export function CreateSite() {
  const { way = 'archives' } = route.useSearch()
  const navigate = route.useNavigate()
  const [opened, setOpened] = useState<string[]>([])
  if (!opened.includes(way)) setOpened([...opened, way])
  return (
    <Page title="Create A New Site">
      <Radio.Group
        aria-label="How it is made"
        value={way}
        onChange={(value) => {
          const next = ways.find((one) => one.way === value)?.way
          void navigate({ search: (before) => ({ ...before, way: next }), replace: true })
        }}
      >
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          {ways.map(({ way: value, title, about }) => (
            <Radio.Card key={value} value={value} p="md" radius="md" className="choice">
              <Text fw={600}>{title}</Text>
              <Text size="sm" c="dimmed">
                {about}
              </Text>
            </Radio.Card>
          ))}
        </SimpleGrid>
      </Radio.Group>
      <Paper withBorder p="lg" radius="md" maw={760}>
        {ways.map(
          ({ way: one, Form }) =>
            // a form that was opened stays: with what was typed, and with the upload that is under way
            opened.includes(one) && (
              <Stack key={one} display={one === way ? undefined : 'none'}>
                <Form />
              </Stack>
            ),
        )}
      </Paper>
    </Page>
  )
}
