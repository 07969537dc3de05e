import { Menu, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Action } from '../../contract/actions.ts'
import { useRights } from '../session/useSession.ts'

interface Props {
  action: Action
  /** On which site; on the whole installation without one */
  site?: string
  environment?: string
  /** Why it cannot be done now, for another reason */
  blocked?: string | null
  color?: string
  leftSection?: ReactNode
  onClick?: () => void
  children: ReactNode
}

/** As `ActionButton`, in a menu: the reason stands below its name, for the arrow keys come here too and a finger has no hover. */
export function MenuAction({ action, site, environment, blocked, color, onClick, children, ...item }: Props) {
  const { whyNot } = useRights()
  const reason = whyNot(action, site ?? null, environment) ?? blocked ?? null
  if (reason === null) {
    return (
      <Menu.Item {...item} {...(color === undefined ? {} : { color })} {...(onClick === undefined ? {} : { onClick })}>
        {children}
      </Menu.Item>
    )
  }
  return (
    <Menu.Item {...item} aria-disabled="true" aria-description={reason} closeMenuOnClick={false} c="dimmed">
      {children}
      <Text size="xs" aria-hidden>
        {reason}
      </Text>
    </Menu.Item>
  )
}
