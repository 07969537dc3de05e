import { Button, Container, Stack, Title } from '@mantine/core'
import { Problem } from '../parts/Problem.tsx'

/** A mistake of this page: said plainly, with a way on. */
export function Crashed({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <Container py="xl" component="main">
      <Stack>
        <Title order={1} size="h3">
          This page cannot be shown
        </Title>
        <Problem error={error} />
        <Button
          w="fit-content"
          onClick={() => {
            if (reset === undefined) location.reload()
            else reset()
          }}
        >
          Try again
        </Button>
      </Stack>
    </Container>
  )
}
