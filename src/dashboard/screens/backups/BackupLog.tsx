import { Checkbox, Group, Pagination, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useState } from 'react'
import type { BackupView } from '../../../contract/schemas.ts'
import { backupsQuery, environmentQuery } from '../../api/queries.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { elementOrder, elementWords } from '../../words/elements.ts'
import { plural } from '../../words/size.ts'
import { BackupRow } from './BackupRow.tsx'
import { CreateBackup } from './CreateBackup.tsx'
import { Unfinished } from './Unfinished.tsx'

const route = getRouteApi('/shell/sites/$site/$environment/backups/log')
const pageSize = 25

/** Backup Log: newest first and live; each archive with its size and an arrow, Restore to the right. */
export function BackupLog() {
  const place = route.useParams()
  const { all = false } = route.useSearch()
  const query = useQuery(backupsQuery(place, all))
  const isEmpty = useQuery(environmentQuery(place)).data?.managed?.release === 0
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
      <Loaded query={query} rows={6}>
        {({ backups, unfinished }) => (
          <>
            <Unfinished workflows={unfinished} />
            <Filters count={backups.length} />
            <Rows backups={backups} />
          </>
        )}
      </Loaded>
    </Stack>
  )
}

function Filters({ count }: { count: number }) {
  const { trigger, search = '', all = false } = route.useSearch()
  const navigate = route.useNavigate()
  const [typed, setTyped] = useState(search)
  const find = useDebouncedCallback(
    (text: string) =>
      void navigate({ search: (before) => ({ ...before, search: text || undefined, page: undefined }), replace: true }),
    200,
  )
  if (count === 0 && !all) return null
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label="Search"
        placeholder="Note, person, commit"
        leftSection={<Search size={16} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          find(event.currentTarget.value)
        }}
        flex={{ base: '1 1 100%', sm: '0 1 280px' }}
      />
      <Select
        label="Trigger"
        value={trigger ?? 'all'}
        allowDeselect={false}
        data={[
          { value: 'all', label: 'All' },
          { value: 'manual', label: 'Manual' },
          { value: 'automatic', label: 'Automatic' },
          { value: 'safety', label: 'Safety' },
        ]}
        onChange={(value) =>
          void navigate({
            search: (before) => ({
              ...before,
              trigger: (['manual', 'automatic', 'safety'] as const).find((one) => one === value),
              page: undefined,
            }),
          })
        }
        w={140}
      />
      <Checkbox
        label="Deleted and expired ones that can be recalled"
        checked={all}
        pb={8}
        onChange={(event) => {
          const wanted = event.currentTarget.checked
          void navigate({ search: (before) => ({ ...before, all: wanted ? true : undefined, page: undefined }) })
        }}
      />
    </Group>
  )
}

function Rows({ backups }: { backups: BackupView[] }) {
  const { page = 1, trigger, search = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const found = backups.filter((backup) => (trigger === undefined || backup.trigger === trigger) && matches(backup, search))
  if (backups.length === 0) {
    return <Empty title="No backup yet">Create a backup: it appears here by itself, with its three archives.</Empty>
  }
  if (found.length === 0) return <Empty title="No backup is like this">Search for less, or show all triggers.</Empty>
  const pages = Math.max(1, Math.ceil(found.length / pageSize))
  const at = Math.min(page, pages)
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {plural(found.length, 'backup')}, the newest first
      </Text>
      <Table.ScrollContainer minWidth={860} type="native">
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Taken</Table.Th>
              <Table.Th>By</Table.Th>
              {elementOrder.map((element) => (
                <Table.Th key={element}>{elementWords[element]}</Table.Th>
              ))}
              <Table.Th>Kept until</Table.Th>
              <Table.Th>
                <span className="visually-hidden">What can be done</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.slice((at - 1) * pageSize, at * pageSize).map((backup) => (
              <BackupRow key={backup.id} backup={backup} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {pages > 1 && (
        <Pagination
          total={pages}
          value={at}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, page: next === 1 ? undefined : next }) })}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          getItemProps={(item) => ({ 'aria-label': `Page ${item}` })}
        />
      )}
    </>
  )
}

function matches({ note, actor, facts, id }: BackupView, search: string): boolean {
  const wanted = search.trim().toLowerCase()
  if (wanted === '') return true
  return [note ?? '', actor.name, actor.id, String(facts['commit'] ?? ''), id].some((text) => text.toLowerCase().includes(wanted))
}
