import { Alert } from '@mantine/core'
import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { ModalForm } from './ModalForm.tsx'
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
export function ConfirmModal({ warning, children, typed, color = 'red', onClose, onConfirm, ...form }: Props) {
  const [value, setValue] = useState('')
  const [wasOpened, setWasOpened] = useState(form.opened)
  if (wasOpened !== form.opened) {
    setWasOpened(form.opened)
    if (form.opened) setValue('') // each change is confirmed by itself
  }
  return (
    <ModalForm
      {...form}
      size="lg"
      color={color}
      incomplete={typed !== null && value !== typed}
      onSubmit={() => onConfirm(value)}
      onClose={onClose}
    >
      {warning !== undefined && (
        <Alert color="orange" variant="light" icon={<TriangleAlert size={18} aria-hidden />}>
          {warning}
        </Alert>
      )}
      {children}
      {typed !== null && <TypedName name={typed} value={value} onChange={setValue} />}
    </ModalForm>
  )
}
