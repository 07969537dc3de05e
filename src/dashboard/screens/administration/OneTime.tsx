import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import type { OneTimeLink } from '../../../contract/accessSchemas.ts'
import { CopyLine } from '../../parts/Copy.tsx'
import { InFuture } from '../../parts/Moment.tsx'

/** A one-time link, shown this once. */
export function OneTime({ link, onDone }: { link: OneTimeLink; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="yellow">It is shown this once. Give it to the person yourself: Cairn sends no mail.</Alert>
      <CopyLine label="One-time link" value={link.url} />
      <Text size="sm" c="dimmed">
        It ends <InFuture at={link.expiresAt} />.
      </Text>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  )
}
