import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ArchivesFound, CreateSiteInput } from '../../../contract/managedSchemas.ts'
import type { Started, WorkflowView } from '../../../contract/workSchemas.ts'
import { workflowQuery } from '../../api/queries.ts'
import { asRefusal, type Refusal, send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { isOpen } from '../../words/workflow.ts'

export interface Look {
  begin(input: Omit<CreateSiteInput, 'dryRun'>): void
  busy: boolean
  /** While it looks */
  workflow: WorkflowView | null
  found: ArchivesFound | null
  /** Why it was not begun; why it failed stands in the workflow */
  error: Refusal | null
}

/** Looks what the archives hold before anything is made of them. What was found counts for the same archives only. */
export function useLook(of: string): Look {
  const [begun, setBegun] = useState<{ id: string; of: string } | null>(null)
  const start = useStart(
    ({ input }: { input: CreateSiteInput; of: string }) => send<Started>('POST', '/v1/sites', { ...input, dryRun: true }),
    { inForm: true, quiet: true, onStarted: ({ id }, given) => setBegun({ id, of: given.of }) },
  )
  const current = begun?.of === of ? begun.id : null
  const { data: workflow = null } = useQuery({ ...workflowQuery(current ?? ''), enabled: current !== null })
  const known = current === null ? null : workflow
  return {
    begin: (input) => start.mutate({ input, of }),
    busy: start.isPending || (current !== null && (known === null || isOpen(known))),
    workflow: known,
    found: known?.state === 'succeeded' ? (known.result as ArchivesFound) : null,
    error: start.error === null ? null : asRefusal(start.error),
  }
}
