import { Container } from '@mantine/core'
import { Empty } from '../parts/Empty.tsx'
import { ButtonLink } from '../parts/links.tsx'

export function NotFound() {
  return (
    <Container py="xl" component="main">
      <Empty title="There is nothing at this address" action={<ButtonLink to="/">All sites</ButtonLink>}>
        It may have been deleted, or the address was cut off.
      </Empty>
    </Container>
  )
}
