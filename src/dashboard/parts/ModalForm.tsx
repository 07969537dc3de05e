import { Button, Group, Modal, type ModalProps, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { Problem } from './Problem.tsx'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  size?: ModalProps['size']
  onSubmit: () => void
  /** What the button says */
  button: string
  color?: string
  busy: boolean
  /** What was refused; what was typed stays */
  error: unknown
  /** Something is missing still */
  incomplete?: boolean
  /** In place of the form, when it is done: what has to be seen before it is closed */
  instead?: ReactNode
  children?: ReactNode
}

/** Asks for something in a window of its own, with a way out that changes nothing. */
export function ModalForm(props: Props) {
  const { opened, onClose, title, size, onSubmit, button, color, busy, error, incomplete = false, instead, children } = props
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      {...(size === undefined ? {} : { size })}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {instead ?? (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (!busy && !incomplete) onSubmit()
          }}
        >
          <Stack>
            {children}
            {error !== null && error !== undefined && <Problem error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Not now
              </Button>
              <Button type="submit" loading={busy} disabled={incomplete} {...(color === undefined ? {} : { color })}>
                {button}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
