import { Checkbox, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { backupQuery, backupsQuery, overviewQuery } from '../../api/queries.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { elementWords, listText } from '../../words/elements.ts'
import { sizeText } from '../../words/size.ts'
import { momentText } from '../../words/time.ts'
import { NameField, nameRule } from './NameField.tsx'
import { useCreate } from './useCreate.ts'

const route = getRouteApi('/shell/sites/new')

/** A new site out of a backup of any site: chosen here, or in the Backup Log. */
export function BackupForm() {
  const { backup: id } = route.useSearch()
  const [site, setSite] = useState('')
  const [label, setLabel] = useState('')
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const create = useCreate()
  const { data: backup, error } = useQuery({ ...backupQuery(id ?? ''), enabled: id !== undefined })
  const missing = !nameRule.test(site) ? 'Give the site a name first' : id === undefined ? 'Choose a backup first' : null
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (missing === null && id !== undefined) {
          create.mutate({ site, source: { kind: 'backup', backup: id, replaceAddresses }, ...(label === '' ? {} : { label }) })
        }
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          From a backup
        </Title>
        <NameField value={site} onChange={setSite} />
        <TextInput
          label="Label"
          description="A name for people"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <ChooseBackup />
        {error !== null && <Problem error={error} />}
        {backup !== undefined && (
          <Text size="sm">
            {backup.site}.{backup.environment} of {momentText(backup.momentAt)}: it holds{' '}
            {listText(
              backup.elements.map(({ element, sizeBytes }) => `${elementWords[element].toLowerCase()} (${sizeText(sizeBytes)})`),
            )}
            .
          </Text>
        )}
        <Checkbox
          label="Addresses in the database become those of the new site"
          checked={replaceAddresses}
          onChange={(event) => setReplaceAddresses(event.currentTarget.checked)}
        />
        {create.isError && <Problem error={create.error} />}
        <Group>
          <ActionButton type="submit" action="site.create" blocked={missing} loading={create.isPending}>
            Create site
          </ActionButton>
        </Group>
      </Stack>
    </form>
  )
}

function ChooseBackup() {
  const { backup: id } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: overview } = useQuery(overviewQuery)
  const { data: known } = useQuery({ ...backupQuery(id ?? ''), enabled: id !== undefined })
  const [chosen, setChosen] = useState<string | null>(null)
  const name = chosen ?? (known === undefined ? null : `${known.site}.${known.environment}`)
  const [site = '', environment = ''] = name?.split('.') ?? []
  const { data: list } = useQuery({ ...backupsQuery({ site, environment }), enabled: name !== null })
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
        limit={200}
        disabled={name === null}
        data={
          list?.backups.map((one) => ({
            value: one.id,
            label: `${momentText(one.momentAt)}${one.note === null ? '' : ` · ${one.note}`}`,
          })) ?? []
        }
        value={id ?? null}
        onChange={choose}
        nothingFoundMessage="There is no backup"
      />
    </Group>
  )
}
