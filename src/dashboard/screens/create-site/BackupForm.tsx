import { Checkbox, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { backupQuery } from '../../api/queries.ts'
import { Problem } from '../../parts/Problem.tsx'
import { elementWords, listText } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { momentText } from '../../words/time.ts'
import { ChooseBackup } from './ChooseBackup.tsx'
import { namesOf, SiteForm, useNamed } from './SiteForm.tsx'
import { useCreate } from './useCreate.ts'

const route = getRouteApi('/shell/sites/new')

/** A new site out of a backup of any site: chosen here, or in the Backup Log. */
export function BackupForm() {
  const { backup: id } = route.useSearch()
  const named = useNamed()
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const create = useCreate()
  const { data: backup, error } = useQuery({ ...backupQuery(id ?? ''), enabled: id !== undefined })
  return (
    <SiteForm
      title="From a backup"
      named={named}
      missing={id === undefined ? 'Choose a backup first' : null}
      error={create.error}
      busy={create.isPending}
      button="Create site"
      onSubmit={() => {
        if (id !== undefined) create.mutate({ ...namesOf(named), source: { kind: 'backup', backup: id, replaceAddresses } })
      }}
    >
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
    </SiteForm>
  )
}
