import { Group, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { frameworks } from '../../../contract/words.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { NameField, nameRule } from './NameField.tsx'
import { useCreate } from './useCreate.ts'

/** Only the place: its code is pushed or imported afterwards. */
export function EmptyForm() {
  const [site, setSite] = useState('')
  const [label, setLabel] = useState('')
  const [framework, setFramework] = useState<(typeof frameworks)[number]>('wordpress')
  const create = useCreate()
  const missing = nameRule.test(site) ? null : 'Give the site a name first'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (missing === null) create.mutate({ site, source: { kind: 'empty', framework }, ...(label === '' ? {} : { label }) })
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          Empty
        </Title>
        <NameField value={site} onChange={setSite} />
        <TextInput
          label="Label"
          description="A name for people"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
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
