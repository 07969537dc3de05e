import { Group, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { backupQuery, backupsQuery, overviewQuery } from '../../api/queries.ts'
import { momentText } from '../../words/time.ts'

const route = getRouteApi('/shell/sites/new')
/** Older ones are chosen in the Backup Log */
const offeredMax = 200

/** Which backup, of which environment: both stand in the address. */
export function ChooseBackup() {
  const { backup: id } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: overview } = useQuery(overviewQuery)
  const { data: known } = useQuery({ ...backupQuery(id ?? ''), enabled: id !== undefined })
  const [chosen, setChosen] = useState<string | null>(null)
  const name = chosen ?? (known === undefined ? null : `${known.site}.${known.environment}`)
  const [site = '', environment = ''] = name?.split('.') ?? []
  const { data: list } = useQuery({ ...backupsQuery({ site, environment }, { limit: offeredMax }), enabled: name !== null })
  const found = list?.backups ?? []
  const offered = known === undefined || found.some((one) => one.id === known.id) ? found : [...found, known]
  const choose = (backup: string | null): void =>
    void navigate({ search: (before) => ({ ...before, backup: backup ?? undefined }), replace: true })
  return (
    <Group align="flex-end" grow preventGrowOverflow={false}>
      <Select
        label="Of which environment"
        searchable
        limit={100}
        data={overview?.sites.flatMap((one) => one.environments.map((env) => `${one.name}.${env.name}`)) ?? []}
        value={name}
        onChange={(value) => {
          setChosen(value)
          choose(null)
        }}
      />
      <Select
        label="Which backup"
        searchable
        limit={offeredMax}
        disabled={name === null}
        data={offered.map(({ id: value, momentAt, note }) => ({
          value,
          label: `${momentText(momentAt)}${note === null ? '' : ` · ${note}`}`,
        }))}
        value={id ?? null}
        onChange={choose}
        nothingFoundMessage="There is no backup"
      />
    </Group>
  )
}
