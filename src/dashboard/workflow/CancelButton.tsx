import type { WorkflowView } from '../../contract/workSchemas.ts'
import { path, send } from '../api/send.ts'
import { useChange } from '../api/useChange.ts'
import { ActionButton } from '../parts/ActionButton.tsx'

/** Cancel works until the first move that changes a site; from then on the button says why it does not. */
export function CancelButton({ workflow, size = 'xs' }: { workflow: WorkflowView; size?: string }) {
  const { id, site, cancellable, cancelRequested } = workflow
  const cancel = useChange(() => send('POST', path('/v1/workflows/:id/cancel', { id }), {}), {
    said: 'It is being cancelled',
    forget: ['workflow', id],
  })
  const blocked = cancelRequested
    ? 'It is being cancelled already'
    : cancellable
      ? null
      : 'It has begun to change the environment and goes on to its end; it can be undone afterwards'
  return (
    <ActionButton
      action="workflow.cancel"
      {...(site === null ? {} : { site })}
      blocked={blocked}
      size={size}
      variant="default"
      loading={cancel.isPending}
      onClick={() => cancel.mutate()}
    >
      Cancel
    </ActionButton>
  )
}
