import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Started, WorkflowView } from '../../contract/workSchemas.ts'
import { workflowTitle } from '../words/workflow.ts'
import { putJob } from './putJob.ts'
import { jobsQuery } from './queries.ts'
import { asRefusal, type Refusal } from './send.ts'

interface Options<T, V> {
  /** One sentence, when it is done */
  said?: string | ((result: T, given: V) => string)
  /** What is old now; everything where nothing is named */
  forget?: readonly unknown[]
  onDone?: (result: T, given: V) => void
  /** A form shows its refusals itself, beside what was typed; elsewhere they are a toast */
  inForm?: boolean
}

/** One change, asked for once however often the button is pressed: while it is under way it is not asked for again. */
export function useChange<T, V = void>(change: (given: V) => Promise<T>, options: Options<T, V> = {}) {
  const client = useQueryClient()
  return useMutation<T, Error, V>({
    mutationFn: change,
    onSuccess(result, given) {
      void client.invalidateQueries(options.forget === undefined ? {} : { queryKey: options.forget })
      const { said } = options
      if (said !== undefined) {
        notifications.show({ message: typeof said === 'string' ? said : said(result, given), color: 'teal' })
      }
      options.onDone?.(result, given)
    },
    onError(error) {
      if (options.inForm !== true) tellRefusal(asRefusal(error))
    },
  })
}

/** A change that starts a workflow: it stands among the jobs at once, before the server tells of it. */
export function useStart<V = void>(
  start: (given: V) => Promise<Started>,
  options: { onStarted?: (workflow: WorkflowView, given: V) => void; inForm?: boolean; quiet?: boolean } = {},
) {
  const client = useQueryClient()
  return useMutation<Started, Error, V>({
    mutationFn: start,
    onSuccess({ workflow, existing }, given) {
      client.setQueryData(['workflow', workflow.id], (known: WorkflowView | undefined) =>
        known !== undefined && known.revision >= workflow.revision ? known : workflow,
      )
      client.setQueryData(jobsQuery.queryKey, (jobs) => jobs && putJob(jobs, workflow))
      if (options.quiet !== true) {
        const title = workflowTitle(workflow.kind)
        notifications.show({ message: existing ? `${title} runs already: it was started once` : `${title} started` })
      }
      options.onStarted?.(workflow, given)
    },
    onError(error) {
      if (options.inForm !== true) tellRefusal(asRefusal(error))
    },
  })
}

export function tellRefusal({ message, hint, code }: Refusal): void {
  notifications.show({ title: message, message: `${hint ?? ''} (${code})`.trim(), color: 'red', autoClose: 10_000 })
}
