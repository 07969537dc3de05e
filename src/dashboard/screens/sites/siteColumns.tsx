import { Stack, Text } from '@mantine/core'
import type { SiteOverview } from '../../../contract/overviewSchemas.ts'
import type { Column } from '../../parts/DataTable.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { plural } from '../../words/count.ts'
import { EnvironmentChip } from './EnvironmentChip.tsx'

export const siteColumns: Column<SiteOverview>[] = [
  { head: 'Site', cell: (site) => <Name site={site} /> },
  {
    head: 'Framework',
    cell: ({ framework }) => <Text size="sm">{framework === null ? '—' : (frameworkWords[framework] ?? framework)}</Text>,
  },
  {
    head: 'Protection',
    cell: ({ name, environments }) => (
      <Stack gap={2}>
        {environments.map((environment) => (
          <EnvironmentChip key={environment.name} site={name} environment={environment} />
        ))}
      </Stack>
    ),
  },
  { head: 'Storage', cell: (site) => <Storage site={site} />, toRight: true, oneLine: true },
]

function Name({ site: { name, label } }: { site: SiteOverview }) {
  return (
    <>
      <AnchorLink to="/sites/$site" params={{ site: name }} fw={600}>
        {label}
      </AnchorLink>
      {label !== name && (
        <Text size="xs" c="dimmed">
          {name}
        </Text>
      )}
    </>
  )
}

function Storage({ site: { environments, archiveBytes } }: { site: SiteOverview }) {
  const count = environments.reduce((sum, { backups }) => sum + backups, 0)
  return (
    <>
      <Text size="sm">{sizeText(archiveBytes)}</Text>
      <Text size="xs" c="dimmed">
        {plural(count, 'backup')}
      </Text>
    </>
  )
}
