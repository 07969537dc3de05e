import { Select, Text } from '@mantine/core'
import { useState } from 'react'
import { frameworks } from '../../../contract/words.ts'
import { frameworkWords } from '../../words/elements.ts'
import { namesOf, SiteForm, useNamed } from './SiteForm.tsx'
import { useCreate } from './useCreate.ts'

/** Only the place: its code is pushed or imported afterwards. */
export function EmptyForm() {
  const named = useNamed()
  const [framework, setFramework] = useState<(typeof frameworks)[number]>('wordpress')
  const create = useCreate()
  return (
    <SiteForm
      title="Empty"
      named={named}
      error={create.error}
      busy={create.isPending}
      button="Create site"
      onSubmit={() => create.mutate({ ...namesOf(named), source: { kind: 'empty', framework } })}
    >
      <Select
        label="Framework"
        allowDeselect={false}
        data={frameworks.map((value) => ({ value, label: frameworkWords[value] ?? value }))}
        value={framework}
        onChange={(value) => setFramework(frameworks.find((one) => one === value) ?? 'wordpress')}
      />
      <Text size="sm" c="dimmed">
        Push its code with git, or import it, when the site is there.
      </Text>
    </SiteForm>
  )
}
