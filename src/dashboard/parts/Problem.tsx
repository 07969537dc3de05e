import { Alert, Button, Text } from '@mantine/core'
import { TriangleAlert } from 'lucide-react'
import { asRefusal } from '../api/send.ts'

/** What was refused or went wrong: in people's words, with the code and the next step. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message, hint, code } = asRefusal(error)
  return (
    <Alert color="red" variant="light" icon={<TriangleAlert size={18} aria-hidden />} title={message} role="alert">
      {hint !== null && <Text size="sm">{hint}</Text>}
      <Text size="xs" mt={4}>
        Code: {code}
      </Text>
      {onRetry !== undefined && (
        <Button size="xs" variant="default" mt="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}
