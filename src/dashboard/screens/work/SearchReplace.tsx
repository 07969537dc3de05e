import { ActionIcon, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import type { SearchReplaceInput } from '../../../contract/managedSchemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place, workflowQuery } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { WorkflowDetail } from '../../workflow/WorkflowDetail.tsx'

const pairsMax = 20

/** Addresses in the database: first where they are, then the replacement. */
export function SearchReplace({ place, blocked }: { place: Place; blocked: string | null }) {
  const name = `${place.site}.${place.environment}`
  const [pairs, setPairs] = useState([{ key: 0, from: '', to: '' }])
  const [asked, setAsked] = useState(false)
  const [shown, setShown] = useState<string | null>(null)
  const start = useStart(
    (input: SearchReplaceInput) => send<Started>('POST', `${environmentPath(place)}/search-replace`, input),
    {
      inForm: true,
      quiet: true,
      onStarted({ id }) {
        setAsked(false)
        setShown(id)
      },
    },
  )
  const { data: workflow } = useQuery({ ...workflowQuery(shown ?? ''), enabled: shown !== null })
  const given = pairs.filter(({ from, to }) => from !== '' && to !== '').map(({ from, to }) => ({ from, to }))
  const missing = blocked ?? (given.length === 0 ? 'Say what is searched and what stands in its place' : null)
  const change = (key: number, side: 'from' | 'to', value: string): void =>
    setPairs((now) => now.map((pair) => (pair.key === key ? { ...pair, [side]: value } : pair)))
  return (
    <Stack>
      <Paper withBorder p="md" radius="md" maw={860}>
        <Stack>
          <Text size="sm">In all tables of {name}, in serialised and JSON values too; lengths are put right.</Text>
          {pairs.map(({ key, from, to }, at) => (
            <Group key={key} align="flex-end">
              <TextInput
                label="Search"
                placeholder="https://old.example.org"
                value={from}
                onChange={(event) => change(key, 'from', event.currentTarget.value)}
                flex="1 1 200px"
              />
              <TextInput
                label="Replace by"
                placeholder="https://new.example.org"
                value={to}
                onChange={(event) => change(key, 'to', event.currentTarget.value)}
                flex="1 1 200px"
              />
              {at > 0 && (
                <ActionIcon
                  variant="default"
                  size="lg"
                  aria-label="Remove this pair"
                  onClick={() => setPairs((now) => now.filter((pair) => pair.key !== key))}
                >
                  <X size={16} aria-hidden />
                </ActionIcon>
              )}
            </Group>
          ))}
          {pairs.length < pairsMax && (
            <Button
              variant="subtle"
              size="xs"
              w="fit-content"
              leftSection={<Plus size={14} aria-hidden />}
              onClick={() => setPairs((now) => [...now, { key: (now.at(-1)?.key ?? 0) + 1, from: '', to: '' }])}
            >
              One more pair
            </Button>
          )}
          {start.isError && !asked && <Problem error={start.error} />}
          <Group>
            <ActionButton
              action="environment.search_replace"
              {...place}
              blocked={missing}
              variant="default"
              loading={start.isPending}
              onClick={() => start.mutate({ pairs: given, dryRun: true })}
            >
              Where it is
            </ActionButton>
            <ActionButton action="environment.search_replace" {...place} blocked={missing} onClick={() => setAsked(true)}>
              Replace
            </ActionButton>
          </Group>
        </Stack>
        <ConfirmModal
          opened={asked}
          onClose={() => setAsked(false)}
          title={`Replace in the database of ${name}`}
          warning="A backup of the present state is taken first, and Undo takes the replacement back."
          typed={place.environment === 'live' ? name : null}
          button="Replace"
          busy={start.isPending}
          error={start.error}
          onConfirm={(typed) => start.mutate({ pairs: given, ...(typed === '' ? {} : { confirm: typed }) })}
        />
      </Paper>
      {workflow !== undefined && <WorkflowDetail workflow={workflow} />}
    </Stack>
  )
}
