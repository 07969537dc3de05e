import { Button, type ButtonProps } from '@mantine/core'
import { type ButtonHTMLAttributes, useLayoutEffect, useRef } from 'react'

type Html = Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps>

/** A button that cannot be pressed while what it asked for is under way; the keyboard is on it again afterwards. */
export function BusyButton({ loading = false, ...props }: ButtonProps & Html) {
  const button = useRef<HTMLButtonElement>(null)
  const hadFocus = useRef(false)
  useLayoutEffect(() => {
    const { activeElement, body } = document
    if (loading) hadFocus.current = activeElement === button.current
    else if (hadFocus.current) {
      hadFocus.current = false
      if (activeElement === null || activeElement === body || activeElement === button.current) button.current?.focus()
    }
  }, [loading])
  return <Button {...props} loading={loading} ref={button} />
}
