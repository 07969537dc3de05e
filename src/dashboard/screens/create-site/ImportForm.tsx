import { Checkbox, Stack } from '@mantine/core'
import { useState } from 'react'
import type { Given, SiteSource } from '../../../contract/managedSchemas.ts'
import { GivenField } from '../../upload/GivenField.tsx'
import { Looked } from './Looked.tsx'
import { namesOf, SiteForm, useNamed } from './SiteForm.tsx'
import { useCreate } from './useCreate.ts'
import { useLook } from './useLook.ts'

type Role = 'all' | 'code' | 'database' | 'files'

/** Import Archives: one that holds all, or code, database and files separately, each by URL or File. */
export function ImportForm() {
  const named = useNamed()
  const [separate, setSeparate] = useState(false)
  const [given, setGiven] = useState<Partial<Record<Role, Given | null>>>({})
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const create = useCreate()
  const put = (role: Role) => (value: Given | null) => setGiven((now) => ({ ...now, [role]: value }))
  const source: SiteSource = { kind: 'archives', replaceAddresses }
  for (const role of separate ? (['code', 'database', 'files'] as const) : (['all'] as const)) {
    const value = given[role]
    if (value != null) source[role] = value
  }
  const look = useLook(JSON.stringify({ ...source, replaceAddresses: null }))
  return (
    <SiteForm
      title="Import Archives"
      named={named}
      missing={
        given[separate ? 'code' : 'all'] == null ? `Give ${separate ? 'the code archive' : 'the archive'} first, whole` : null
      }
      error={create.error}
      busy={look.busy || create.isPending}
      button={look.found === null ? 'Look what is in it' : 'Import Site'}
      onSubmit={() => {
        if (look.found === null) look.begin({ site: named.site, source })
        else create.mutate({ ...namesOf(named), source })
      }}
    >
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
    </SiteForm>
  )
}
