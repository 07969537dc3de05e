import { Notifications } from '@mantine/notifications'
import { Outlet } from '@tanstack/react-router'

/** Every page, and the toasts above it: they lead to other pages without loading anything anew. */
export function Root() {
  return (
    <>
      <Notifications position="bottom-right" limit={4} />
      <Outlet />
    </>
  )
}
