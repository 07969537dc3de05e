import { queryOptions } from '@tanstack/react-query'
import type { SessionState } from '../../contract/accessSchemas.ts'
import { send } from '../api/send.ts'

/** Who is signed in, and whether somebody has to be the first. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => send<SessionState>('GET', '/v1/session', undefined, signal),
  staleTime: 60_000,
})
