import { queryOptions } from '@tanstack/react-query'
import type { InstallationSettings } from '../../contract/settingsSchemas.ts'
import { send } from './send.ts'

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => send<InstallationSettings>('GET', '/v1/settings', undefined, signal),
  staleTime: 300_000,
})
