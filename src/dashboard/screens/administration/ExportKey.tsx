import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { useState } from 'react'
import type { KeyExport } from '../../../contract/workSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { CopyLine } from '../../parts/Copy.tsx'

/** The key, shown and saved as a file; from then on it counts as exported. */
export function ExportKey({ again = false }: { again?: boolean }) {
  const [shown, setShown] = useState<KeyExport | null>(null)
  const take = useChange(() => send<KeyExport>('POST', '/v1/repository/key/export'), { forget: ['health'], onDone: setShown })
  const save = ({ key, repositoryId }: KeyExport): void => {
    const url = URL.createObjectURL(new Blob([`${key}\n`], { type: 'text/plain' }))
    const anchor = document.createElement('a')
    anchor.href = url
    anchor.download = `cairn-${repositoryId}.key`
    anchor.click()
    URL.revokeObjectURL(url)
  }
  return (
    <>
      <ActionButton
        action="repository.export_key"
        loading={take.isPending}
        onClick={() => take.mutate()}
        variant={again ? 'default' : 'filled'}
      >
        {again ? 'Export it again' : 'Export the key'}
      </ActionButton>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title="Key of the repository"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {shown !== null && (
          <Stack>
            <Alert color="yellow">Who has it reads every backup. Keep it where neither this server nor the backups are.</Alert>
            <CopyLine label="Key" value={shown.key} />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => save(shown)}>
                Save as a file
              </Button>
              <Button onClick={() => setShown(null)}>I have kept it</Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  )
}
