import { Checkbox, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Given, ImportInput } from '../../../contract/managedSchemas.ts'
import type { Element } from '../../../contract/words.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { GivenField } from '../../upload/GivenField.tsx'
import { elementWords } from '../../words/elements.ts'

const says: Record<Element, string> = {
  database: 'A dump: .sql or .sql.gz, of MySQL or MariaDB',
  files: 'An archive of the uploads: .tar.gz, .tar or .zip',
  code: 'An archive of the code: .tar.gz, .tar or .zip',
}

/** One Import button per part, each by URL or by file. */
export function Import({ place, blocked }: { place: Place; blocked: string | null }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }}>
      {(['database', 'files', 'code'] as const).map((element) => (
        <Part key={element} place={place} element={element} blocked={blocked} />
      ))}
    </SimpleGrid>
  )
}

function Part({ place, element, blocked }: { place: Place; element: Element; blocked: string | null }) {
  const name = `${place.site}.${place.environment}`
  const word = elementWords[element]
  const [given, setGiven] = useState<Given | null>(null)
  const [asked, setAsked] = useState(false)
  const [replaceAddresses, setReplaceAddresses] = useState(true)
  const [code, setCode] = useState<'replace' | 'overwrite'>('replace')
  const navigate = useNavigate()
  const start = useStart((input: ImportInput) => send<Started>('POST', `${environmentPath(place)}/import`, input), {
    inForm: true,
    onStarted({ id }) {
      setAsked(false)
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  const input = (): ImportInput => ({
    ...{ element, from: given ?? { url: '' } },
    ...(element === 'code' ? { code } : {}),
    ...(element === 'database' ? { replaceAddresses } : {}),
  })
  const missing = blocked ?? (given === null ? 'Give an address or a file first' : null)
  return (
    <Paper withBorder p="md" radius="md">
      <Stack h="100%">
        <Title order={3} size="h4">
          {word}
        </Title>
        <GivenField label={word} description={says[element]} onChange={setGiven} />
        {element === 'database' && (
          <Checkbox
            label="Addresses become those of this environment"
            checked={replaceAddresses}
            onChange={(event) => setReplaceAddresses(event.currentTarget.checked)}
          />
        )}
        {element === 'code' && (place.environment === 'test' || place.environment === 'live') && (
          <Text size="sm" c="dimmed">
            Code mostly comes up by a deploy. What is imported here is not in dev.
          </Text>
        )}
        {element === 'code' && (
          <SegmentedControl
            size="xs"
            data={[
              { value: 'replace', label: 'Replace all' },
              { value: 'overwrite', label: 'Lay over it' },
            ]}
            value={code}
            onChange={(value) => setCode(value === 'overwrite' ? 'overwrite' : 'replace')}
            aria-label="What happens to the code that is there"
          />
        )}
        {start.isError && !asked && <Problem error={start.error} />}
        <Group mt="auto">
          <ActionButton action="environment.import" {...place} blocked={missing} onClick={() => setAsked(true)}>
            Import
          </ActionButton>
          {element !== 'database' && (
            <ActionButton
              action="environment.import"
              {...place}
              blocked={missing}
              variant="default"
              loading={start.isPending}
              onClick={() => start.mutate({ ...input(), dryRun: true })}
            >
              What would change
            </ActionButton>
          )}
        </Group>
      </Stack>
      <ConfirmModal
        opened={asked}
        onClose={() => setAsked(false)}
        title={`Import ${word.toLowerCase()} into ${name}`}
        warning={`This is destructive: it replaces ${element === 'files' ? 'all files' : `the ${word.toLowerCase()}`} of ${name}. A backup of the present state is taken first, and Undo takes the import back.`}
        typed={place.environment === 'live' ? name : null}
        button="Import"
        busy={start.isPending}
        error={start.error}
        onConfirm={(typed) => start.mutate({ ...input(), ...(typed === '' ? {} : { confirm: typed }) })}
      >
        {'url' in (given ?? {}) && (
          <Text size="sm" c="dimmed">
            The server fetches the file by itself; a link of Cairn's own is recognised.
          </Text>
        )}
      </ConfirmModal>
    </Paper>
  )
}
