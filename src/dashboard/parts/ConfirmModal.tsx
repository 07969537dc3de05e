import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Problem } from './Problem.tsx'
import { TypedName } from './TypedName.tsx'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  /** What will happen, said plainly */
  warning?: ReactNode
  children?: ReactNode
  /** Has to be typed; null asks for nothing */
  typed: string | null
  button: string
  color?: string
  busy: boolean
  error: unknown
  onConfirm: (typed: string) => void
}

/** Asks once more before something is changed, and keeps what was typed when the server refuses. */
export function ConfirmModal(props: Props) {
  const { opened, onClose, title, warning, children, typed, button, color = 'red', busy, error, onConfirm } = props
  const [value, setValue] = useState('')
  const ready = typed === null || value === typed
  const close = (): void => {
    setValue('')
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (ready && !busy) onConfirm(value)
        }}
      >
        <Stack>
          {warning !== undefined && (
            <Alert color="orange" variant="light" icon={<TriangleAlert size={18} aria-hidden />}>
              {warning}
            </Alert>
          )}
          {children}
          {typed !== null && <TypedName name={typed} value={value} onChange={setValue} />}
          {error !== null && error !== undefined && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit" color={color} loading={busy} disabled={!ready}>
              {button}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
