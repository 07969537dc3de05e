import { Checkbox, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { triggers } from '../../../contract/words.ts'
import { type BackupFilter, backupsQuery, environmentQuery } from '../../api/queries.ts'
import { DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { Pages } from '../../parts/Pages.tsx'
import { SearchField } from '../../parts/SearchField.tsx'
import { triggerWords } from '../../words/elements.ts'
import { plural } from '../../words/count.ts'
import { BackupActions, backupColumns } from './backupColumns.tsx'
import { CreateBackup } from './CreateBackup.tsx'
import { Unfinished } from './Unfinished.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/backups/log')
const pageSize = 25

/** Backup Log: newest first and live; each archive with its size and an arrow, Restore to the right. */
export function BackupLog() {
  const place = route.useParams()
  const { page = 1, ...filter } = route.useSearch()
  const asked = { ...filter, limit: pageSize, skip: (page - 1) * pageSize }
  const query = useQuery({ ...backupsQuery(place, asked), placeholderData: (before) => before })
  const isEmpty = useQuery(environmentQuery(place)).data?.managed?.release === 0
  const total = query.data?.total ?? 0
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <div>
          <AnchorLink to="/sites/$site/$environment/backups" params={place} size="sm">
            Backups
          </AnchorLink>
          <Title order={2} size="h3">
            Backup Log
          </Title>
        </div>
        <CreateBackup place={place} blocked={isEmpty ? 'Nothing was deployed here yet, so there is nothing to back up' : null} />
      </Group>
      <Unfinished workflows={query.data?.unfinished ?? []} />
      {(total > 0 || isFiltered(filter)) && <Filters total={total} />}
      <DataTable
        label="Backups"
        query={query}
        rows={({ backups }) => backups}
        columns={backupColumns}
        keyOf={({ id }) => id}
        actions={(backup) => <BackupActions backup={backup} />}
        minWidth={860}
        empty={<NoBackup filter={filter} total={total} />}
      />
      <Pages page={page} size={pageSize} total={total} />
    </Stack>
  )
}

const isFiltered = ({ trigger, search, all }: BackupFilter): boolean =>
  trigger !== undefined || search !== undefined || all !== undefined

function NoBackup({ filter, total }: { filter: BackupFilter; total: number }) {
  if (total > 0) return <Empty title="There is no such page">The backups are on the pages before it.</Empty>
  if (isFiltered(filter)) return <Empty title="No backup is like this">Search for less, or show all triggers.</Empty>
  return <Empty title="No backup yet">Create a backup: it appears here by itself, with its three archives.</Empty>
}

function Filters({ total }: { total: number }) {
  const { trigger, search = '', all = false } = route.useSearch()
  const navigate = route.useNavigate()
  const find = (change: BackupFilter, replace = false): void =>
    void navigate({ search: (before) => ({ ...before, ...change, page: undefined }), replace })
  return (
    <Group gap="sm" align="flex-end">
      <SearchField value={search} placeholder="Note, person, commit" onFind={(text) => find({ search: text }, true)} />
      <Select
        label="Trigger"
        value={trigger ?? 'all'}
        allowDeselect={false}
        data={[{ value: 'all', label: 'All' }, ...triggers.map((value) => ({ value, label: triggerWords[value] ?? value }))]}
        onChange={(value) => find({ trigger: triggers.find((one) => one === value) })}
        w={140}
      />
      <Checkbox
        label="With deleted and expired ones that can be recalled"
        checked={all}
        pb={8}
        onChange={(event) => find({ all: event.currentTarget.checked ? true : undefined })}
      />
      <Text size="sm" c="dimmed" role="status" pb={8}>
        {plural(total, 'backup')}, the newest first
      </Text>
    </Group>
  )
}
