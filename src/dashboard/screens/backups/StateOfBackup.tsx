import { Badge, Tooltip } from '@mantine/core'
import type { BackupView } from '../../../contract/schemas.ts'

const words = { proven: 'Proven', captured: 'Not proven yet', damaged: 'Damaged' }
const colors = { proven: 'teal', captured: 'gray', damaged: 'red' }
const says = {
  proven: 'Every byte was read back after it was stored',
  captured: 'It is stored, and is being read back',
  damaged: 'Reading it back showed damage: it is neither restored nor downloaded',
}

export function StateOfBackup({ backup: { state } }: { backup: Pick<BackupView, 'state'> }) {
  return (
    <Tooltip label={says[state]}>
      <Badge variant="light" size="sm" color={colors[state]} style={{ flexShrink: 0 }}>
        {words[state]}
      </Badge>
    </Tooltip>
  )
}
