import { useNavigate } from '@tanstack/react-router'
import type { CreateSiteInput } from '../../../contract/managedSchemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'

/** Makes a site and leads to the workflow that does it; a refusal leaves the form as it is. */
export function useCreate() {
  const navigate = useNavigate()
  return useStart((input: CreateSiteInput) => send<Started>('POST', '/v1/sites', input), {
    inForm: true,
    onStarted: ({ id }) => void navigate({ to: '/workflows/$id', params: { id } }),
  })
}
