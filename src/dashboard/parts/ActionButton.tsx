import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { MouseEventHandler, ReactNode } from 'react'
import type { Action } from '../../contract/actions.ts'
import { useRights } from '../session/useSession.ts'
import { BusyButton } from './BusyButton.tsx'

interface Props extends ButtonProps {
  /** What pressing it does: without the right to it the button says so */
  action: Action
  /** On which site; on the whole installation without one */
  site?: string
  environment?: string
  /** Why it cannot be done now, for another reason */
  blocked?: string | null | undefined
  onClick?: MouseEventHandler<HTMLButtonElement>
  type?: 'button' | 'submit'
  'aria-label'?: string
  children: ReactNode
}

/** A button that is shown to everybody: where it may not be pressed it is disabled, and says why. It stays in the tab order. */
export function ActionButton({ action, site, environment, blocked, onClick, type = 'button', ...props }: Props) {
  const { whyNot } = useRights()
  const reason = whyNot(action, site ?? null, environment) ?? blocked ?? null
  if (reason === null) return <BusyButton {...props} type={type} {...(onClick === undefined ? {} : { onClick })} />
  return (
    <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...props}
        type="button"
        data-disabled
        aria-disabled="true"
        aria-description={reason}
        onClick={(event) => event.preventDefault()}
      />
    </Tooltip>
  )
}
