import { Group, Select, Stack, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { AttachFields } from '../../attach/AttachFields.tsx'
import { useAttach } from '../../attach/useAttach.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { NameField, nameRule } from './NameField.tsx'

/** A site that runs already: what the directory holds is shown first, then it is attached. */
export function AttachForm() {
  const [site, setSite] = useState('')
  const [environment, setEnvironment] = useState('dev')
  const navigate = useNavigate()
  const place = { site, environment }
  const attaching = useAttach({
    ...{ place, said: `Attached ${site}.${environment}` },
    onAttached: () => void navigate({ to: '/sites/$site/$environment/backups', params: place }),
  })
  const { directory, found, busy, error, next } = attaching
  const missing = !nameRule.test(site) ? 'Give the site a name first' : directory === '' ? 'Say where it is first' : null
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (missing === null && !busy) next()
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          Attach
        </Title>
        <NameField value={site} onChange={setSite} />
        <Select
          label="As which environment"
          data={['dev', 'test', 'live']}
          value={environment}
          onChange={(chosen) => setEnvironment(chosen ?? 'dev')}
          allowDeselect={false}
        />
        <AttachFields attaching={attaching} />
        {error !== null && <Problem error={error} />}
        <Group>
          {found === null ? (
            <ActionButton type="submit" action="site.detect" blocked={missing} loading={busy}>
              Look what is there
            </ActionButton>
          ) : (
            <ActionButton type="submit" action="site.attach" blocked={missing} loading={busy}>
              Attach {site}.{environment}
            </ActionButton>
          )}
        </Group>
      </Stack>
    </form>
  )
}
