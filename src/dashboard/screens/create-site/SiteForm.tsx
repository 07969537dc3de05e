import { Group, Stack, TextInput, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { NameField, nameRule } from './NameField.tsx'

/** How a new site is called: by programs, and by people. */
export interface Named {
  site: string
  label: string
  setSite: (site: string) => void
  setLabel: (label: string) => void
}

export function useNamed(): Named {
  const [site, setSite] = useState('')
  const [label, setLabel] = useState('')
  return { site, label, setSite, setLabel }
}

/** As a request takes them: a label that was left empty is not sent. */
export const namesOf = ({ site, label }: Named): { site: string; label?: string } => ({
  site,
  ...(label.trim() === '' ? {} : { label: label.trim() }),
})

interface Props {
  title: string
  named: Named
  /** What has to be given still, besides the name */
  missing?: string | null
  /** What was refused last */
  error: unknown
  busy: boolean
  button: string
  onSubmit: () => void
  children?: ReactNode
}

/** What each way of making a site begins and ends with; a refusal keeps what was typed. */
export function SiteForm({ title, named, missing = null, error, busy, button, onSubmit, children }: Props) {
  const blocked = nameRule.test(named.site) ? missing : 'Give the site a name first'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (blocked === null && !busy) onSubmit()
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          {title}
        </Title>
        <NameField value={named.site} onChange={named.setSite} />
        <TextInput
          label="Label"
          description="A name for people"
          value={named.label}
          onChange={(event) => named.setLabel(event.currentTarget.value)}
        />
        {children}
        {error !== null && error !== undefined && <Problem error={error} />}
        <Group>
          <ActionButton type="submit" action="site.create" blocked={blocked} loading={busy}>
            {button}
          </ActionButton>
        </Group>
      </Stack>
    </form>
  )
}
