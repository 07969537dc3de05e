import { Badge } from '@mantine/core'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { stateWords } from '../words/workflow.ts'

const colors: Record<WorkflowView['state'], string> = {
  queued: 'gray',
  running: 'blue',
  succeeded: 'teal',
  failed: 'red',
  cancelled: 'gray',
}

export function StateBadge({ state }: { state: WorkflowView['state'] }) {
  return (
    <Badge color={colors[state]} variant="light">
      {stateWords[state]}
    </Badge>
  )
}
