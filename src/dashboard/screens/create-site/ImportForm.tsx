import { Checkbox, Group, Stack, TextInput, Title } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Given, SiteSource } from '../../../contract/managedSchemas.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { GivenField } from '../../upload/GivenField.tsx'
import { Looked } from './Looked.tsx'
import { NameField, nameRule } from './NameField.tsx'
import { useCreate } from './useCreate.ts'
import { useLook } from './useLook.ts'

type Role = 'all' | 'code' | 'database' | 'files'

/** Import Archives: one that holds all, or code, database and files separately, each by URL or File. */
export function ImportForm() {
  const [site, setSite] = useState('')
  const [label, setLabel] = useState('')
  const [separate, setSeparate] = useState(false)
  const [given, setGiven] = useState<Partial<Record<Role, Given | null>>>({})
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const create = useCreate()
  const put = (role: Role) => (value: Given | null) => setGiven((now) => ({ ...now, [role]: value }))
  const wanted: Role = separate ? 'code' : 'all'
  const missing = !nameRule.test(site)
    ? 'Give the site a name first'
    : given[wanted] == null
      ? `Give ${separate ? 'the code archive' : 'the archive'} first, whole`
      : null
  const source: SiteSource = { kind: 'archives', replaceAddresses }
  for (const role of separate ? (['code', 'database', 'files'] as const) : (['all'] as const)) {
    const value = given[role]
    if (value != null) source[role] = value
  }
  const look = useLook(JSON.stringify({ ...source, replaceAddresses: null }))
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (missing !== null) return
    if (look.found === null) look.begin({ site, source })
    else create.mutate({ site, source, ...(label === '' ? {} : { label }) })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={2} size="h4">
          Import Archives
        </Title>
        <NameField value={site} onChange={setSite} />
        <TextInput
          label="Label"
          description="A name for people"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <Checkbox
          label="Provide separate code, database, and files archives"
          checked={separate}
          onChange={(event) => setSeparate(event.currentTarget.checked)}
        />
        <Stack display={separate ? 'none' : 'flex'}>
          <GivenField
            label="Archive"
            description="One that holds code, database and files: .tar.gz, .tar or .zip"
            required
            onChange={put('all')}
          />
        </Stack>
        <Stack display={separate ? 'flex' : 'none'}>
          <GivenField label="Code" description="An archive: .tar.gz, .tar or .zip" required onChange={put('code')} />
          <GivenField label="Database" description="A dump: .sql or .sql.gz" onChange={put('database')} />
          <GivenField label="Files" description="An archive of the uploads" onChange={put('files')} />
        </Stack>
        <Checkbox
          label="Addresses in the database become those of the new site"
          checked={replaceAddresses}
          onChange={(event) => setReplaceAddresses(event.currentTarget.checked)}
        />
        <Looked look={look} />
        {create.isError && <Problem error={create.error} />}
        <Group>
          {look.found === null ? (
            <ActionButton type="submit" action="site.create" blocked={missing} loading={look.busy}>
              Look what is in it
            </ActionButton>
          ) : (
            <ActionButton type="submit" action="site.create" blocked={missing} loading={create.isPending}>
              Import Site
            </ActionButton>
          )}
        </Group>
      </Stack>
    </form>
  )
}
