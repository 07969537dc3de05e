import { Group, Paper, type PaperProps, Stack, Title, type TitleOrder } from '@mantine/core'
import type { ReactNode } from 'react'
import { Problem } from './Problem.tsx'

interface Props {
  title: string
  /** 2 where it stands right below the page's own heading */
  order?: TitleOrder
  maw?: PaperProps['maw']
  onSubmit: () => void
  /** What was refused last; what was typed stays */
  error: unknown
  buttons: ReactNode
  children: ReactNode
}

/** A form in a frame of its own, on a page that has more than that. */
export function CardForm({ title, order = 2, maw, onSubmit, error, buttons, children }: Props) {
  return (
    <Paper withBorder p="md" radius="md" {...(maw === undefined ? {} : { maw })}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        <Stack>
          <Title order={order} size="h4">
            {title}
          </Title>
          {children}
          {error !== null && error !== undefined && <Problem error={error} />}
          <Group>{buttons}</Group>
        </Stack>
      </form>
    </Paper>
  )
}
