import { Alert, Button, Group, Modal, Paper, Stack, Text, Title } from '@mantine/core'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import type { KeyExport } from '../../../contract/workSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { CopyLine } from '../../parts/Copy.tsx'

/** The key of the repository: still owed, or exported once. It is shown until its window is closed, though it counts at once. */
export function ExportKey({ exported }: { exported: boolean }) {
  const [shown, setShown] = useState<KeyExport | null>(null)
  const take = useChange(() => send<KeyExport>('POST', '/v1/repository/key/export'), { forget: ['health'], onDone: setShown })
  return (
    <>
      <Paper withBorder p="md" radius="md">
        <Stack align="flex-start">
          <Title order={2} size="h4">
            Key
          </Title>
          {exported ? (
            <Text size="sm">It was exported. Without it nobody reads the backups.</Text>
          ) : (
            <Alert color="red" icon={<KeyRound size={18} aria-hidden />} title="The key of the repository was never exported">
              Without it nobody reads the backups. A lost disk would take it along: export it, and keep it somewhere else.
            </Alert>
          )}
          <ActionButton
            action="repository.export_key"
            loading={take.isPending}
            onClick={() => take.mutate()}
            variant={exported ? 'default' : 'filled'}
          >
            {exported ? 'Export it again' : 'Export the key'}
          </ActionButton>
        </Stack>
      </Paper>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title="Key of the repository"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {shown !== null && <Shown of={shown} onDone={() => setShown(null)} />}
      </Modal>
    </>
  )
}

function Shown({ of: { key, repositoryId }, onDone }: { of: KeyExport; onDone: () => void }) {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([`${key}\n`], { type: 'text/plain' }))
    const anchor = document.createElement('a')
    anchor.href = url
    anchor.download = `cairn-${repositoryId}.key`
    anchor.click()
    URL.revokeObjectURL(url)
  }
  return (
    <Stack>
      <Alert color="yellow">Who has it reads every backup. Keep it where neither this server nor the backups are.</Alert>
      <CopyLine label="Key" value={key} />
      <Group justify="flex-end">
        <Button variant="default" onClick={save}>
          Save as a file
        </Button>
        <Button onClick={onDone}>I have kept it</Button>
      </Group>
    </Stack>
  )
}
