import { Button, Group, Modal, type ModalProps, Stack } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { BusyButton } from './BusyButton.tsx'
import { Problem } from './Problem.tsx'

interface Props extends FormProps {
  opened: boolean
  title: string
  size?: ModalProps['size']
  /** In place of the form, when it is done: what has to be seen before it is closed */
  instead?: ReactNode
}

interface FormProps {
  onClose: () => void
  onSubmit: () => void
  /** What the button says */
  button: string
  color?: string
  busy: boolean
  /** What was refused; what was typed stays */
  error: unknown
  /** Something is missing still */
  incomplete?: boolean
  children?: ReactNode
}

/** Asks for something in a window of its own, with a way out that changes nothing. */
export function ModalForm({ opened, title, size, instead, ...form }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={form.onClose}
      title={title}
      {...(size === undefined ? {} : { size })}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {instead ?? <Form {...form} />}
    </Modal>
  )
}

/** There as long as the window is: what was refused in an earlier one is not said again. */
function Form({ onClose, onSubmit, button, color, busy, error, incomplete = false, children }: FormProps) {
  const [earlier] = useState(error)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && !incomplete) onSubmit()
      }}
    >
      <Stack>
        {children}
        {error !== null && error !== undefined && error !== earlier && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <BusyButton type="submit" loading={busy} disabled={incomplete} {...(color === undefined ? {} : { color })}>
            {button}
          </BusyButton>
        </Group>
      </Stack>
    </form>
  )
}
