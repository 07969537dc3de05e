import { Alert, Checkbox, Group, Paper, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { CloneInput } from '../../../contract/managedSchemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, overviewQuery, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { listText } from '../../words/elements.ts'

/** Database and files of another environment of the site come into this one. */
export function Clone({ place, from: proposed }: { place: Place; from?: string }) {
  const { site, environment } = place
  const name = `${site}.${environment}`
  const { data } = useQuery(overviewQuery)
  const others = data?.sites.find((one) => one.name === site)?.environments.filter((one) => one.name !== environment) ?? []
  const filled = others.filter(({ empty }) => !empty).map((one) => one.name)
  const [chosen, setChosen] = useState<string | null>(proposed ?? null)
  const from = chosen ?? (filled.includes('live') ? 'live' : (filled[0] ?? ''))
  const [elements, setElements] = useState<CloneInput['elements']>(['database', 'files'])
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const [asked, setAsked] = useState(false)
  const navigate = useNavigate()
  const clone = useStart((input: CloneInput) => send<Started>('POST', `${environmentPath(place)}/clone`, input), {
    inForm: true,
    onStarted({ id }) {
      setAsked(false)
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  return (
    <Paper withBorder p="md" radius="md" maw={640}>
      <Stack>
        <Select
          label="From"
          data={others.map(({ name: value, empty }) => ({ value, label: empty ? `${value}: empty` : value, disabled: empty }))}
          value={from}
          onChange={setChosen}
          allowDeselect={false}
        />
        <Checkbox.Group
          label="What comes along"
          value={elements}
          onChange={(value) => setElements(value as CloneInput['elements'])}
        >
          <Group mt={4}>
            <Checkbox value="database" label="Database" />
            <Checkbox value="files" label="Files" />
          </Group>
        </Checkbox.Group>
        <Checkbox
          label={`Addresses become those of ${name}`}
          checked={replaceAddresses}
          onChange={(event) => setReplaceAddresses(event.currentTarget.checked)}
        />
        {environment === 'live' && (
          <Alert color="orange">
            Content mostly goes down, from live to test and dev. Into live it takes all that visitors wrote.
          </Alert>
        )}
        <Group>
          <ActionButton
            action="environment.clone"
            {...place}
            blocked={
              elements.length === 0 ? 'Choose database, files or both' : from === '' ? 'No other environment has content' : null
            }
            onClick={() => setAsked(true)}
          >
            Clone {from} into {environment}
          </ActionButton>
        </Group>
      </Stack>
      <ConfirmModal
        opened={asked}
        onClose={() => setAsked(false)}
        title={`Clone ${from} into ${environment}`}
        warning={`This is destructive: it replaces ${listText(elements)} of ${name} by what ${site}.${from} has. A backup of the present state is taken first, and Undo takes the clone back.`}
        typed={environment === 'live' ? name : null}
        button="Clone"
        busy={clone.isPending}
        error={clone.error}
        onConfirm={(typed) => clone.mutate({ from, elements, replaceAddresses, ...(typed === '' ? {} : { confirm: typed }) })}
      >
        {environment !== 'live' && (
          <Text size="sm">No mail leaves {name} afterwards, its cron is paused, and nobody stays logged in.</Text>
        )}
      </ConfirmModal>
    </Paper>
  )
}
