import { createLink } from '@tanstack/react-router'
import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { AnchorHTMLAttributes, ReactNode, Ref } from 'react'
import type { Action } from '../../contract/actions.ts'
import { useRights } from '../session/useSession.ts'

interface Props extends Omit<ButtonProps, 'href'>, Pick<AnchorHTMLAttributes<HTMLAnchorElement>, 'href' | 'onClick' | 'target'> {
  action: Action
  site?: string
  environment?: string
  blocked?: string | null
  ref?: Ref<HTMLAnchorElement>
  'aria-label'?: string
  children?: ReactNode
}

/** As `ActionButton`, for what begins on a page of its own. */
export const LinkedAction = createLink(({ action, site, environment, blocked, href, onClick, target, ref, ...props }: Props) => {
  const { whyNot } = useRights()
  const reason = whyNot(action, site ?? null, environment) ?? blocked ?? null
  if (reason === null) {
    const link = {
      ...(href === undefined ? {} : { href }),
      ...(onClick === undefined ? {} : { onClick }),
      ...(target === undefined ? {} : { target }),
    }
    return <Button component="a" {...props} {...link} ref={ref ?? null} />
  }
  return (
    <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button {...props} type="button" data-disabled aria-disabled="true" aria-description={reason} />
    </Tooltip>
  )
})
