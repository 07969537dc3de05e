import { notifications } from '@mantine/notifications'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { AnchorLink } from '../parts/links.tsx'
import { placeOf, stateWords, workflowTitle } from '../words/workflow.ts'

/** What ends is told once, wherever one is; what looks after things by itself only when it fails. */
export function tellEnd(workflow: WorkflowView): void {
  const { id, kind, state, failure } = workflow
  if (state === 'queued' || state === 'running') return
  if (kind === 'expire' && state === 'succeeded') return
  const color = state === 'succeeded' ? (workflow.warnings.length > 0 ? 'yellow' : 'teal') : state === 'failed' ? 'red' : 'gray'
  notifications.show({
    id: `workflow-${id}`,
    title: `${workflowTitle(kind)} of ${placeOf(workflow)}: ${stateWords[state].toLowerCase()}`,
    message: (
      <>
        {failure?.message ?? ''}{' '}
        <AnchorLink to="/workflows/$id" params={{ id }} onClick={() => notifications.hide(`workflow-${id}`)}>
          Details
        </AnchorLink>
      </>
    ),
    color,
    autoClose: state === 'failed' ? false : 6000,
  })
}
