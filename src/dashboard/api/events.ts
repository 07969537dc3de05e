import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { ChangeEvent, HelloEvent } from '../../contract/eventSchemas.ts'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { isOpen } from '../words/workflow.ts'
import { putJob } from './putJob.ts'
import { jobsQuery } from './queries.ts'

const patienceMs = 3000

type Told = (workflow: WorkflowView, before: WorkflowView | undefined) => void

/** Whether news arrive by themselves now; while they do not, the header says so. */
let connected = true
let lost: ReturnType<typeof setTimeout> | undefined
const watchers = new Set<() => void>()
function setConnected(now: boolean): void {
  clearTimeout(lost)
  lost = undefined
  if (connected === now) return
  connected = now
  for (const watcher of watchers) watcher()
}
/** The server ends each stream now and then: only what stays away is worth a word. */
function connectionLost(): void {
  lost ??= setTimeout(() => setConnected(false), patienceMs)
}
export function useConnected(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => connected,
  )
}

/**
 * Keeps what is shown up to date: the server tells every change. The browser connects again by itself and says which event it
 * had last; where the server cannot tell all that came since, everything that is shown is asked for again.
 *
 * @param onEnd told of each workflow that ended while this page was open
 */
export function useEvents(onEnd: Told): void {
  const client = useQueryClient()
  useEffect(() => {
    let source: EventSource
    let again: ReturnType<typeof setTimeout> | undefined
    const open = (): void => {
      source = new EventSource('/v1/events')
      source.addEventListener('open', () => setConnected(true))
      source.addEventListener('hello', ({ data }) => {
        setConnected(true)
        if ((JSON.parse(data as string) as HelloEvent).missed) void client.invalidateQueries()
      })
      source.addEventListener('workflow', ({ data }) => takeWorkflow(client, JSON.parse(data as string) as WorkflowView, onEnd))
      source.addEventListener('change', ({ data }) => takeChange(client, JSON.parse(data as string) as ChangeEvent))
      source.addEventListener('error', () => {
        connectionLost()
        if (source.readyState !== EventSource.CLOSED) return // the browser goes on by itself
        again = setTimeout(() => {
          void client.invalidateQueries() // also tells whether the session has ended
          open()
        }, 2000)
      })
    }
    open()
    return () => {
      clearTimeout(again)
      source.close()
    }
  }, [client, onEnd])
}

function takeWorkflow(client: QueryClient, workflow: WorkflowView, onEnd: Told): void {
  const before = client.getQueryData<WorkflowView>(['workflow', workflow.id]) ?? findJob(client, workflow.id)
  if (before !== undefined && before.revision >= workflow.revision) return
  client.setQueryData(['workflow', workflow.id], workflow)
  client.setQueryData(jobsQuery.queryKey, (jobs) => jobs && putJob(jobs, workflow))
  if (before === undefined || before.state !== workflow.state) {
    void client.invalidateQueries({ queryKey: ['workflows'], predicate: ({ queryKey }) => queryKey !== jobsQuery.queryKey })
    forget(client, workflow.site)
  }
  if (isOpen(workflow)) return
  if (before === undefined || isOpen(before)) onEnd(workflow, before)
}

function takeChange(client: QueryClient, { action, site }: ChangeEvent): void {
  if (site !== null || /^(backup|link|site|environment)\./.test(action)) return forget(client, site)
  void client.invalidateQueries({ predicate: ({ queryKey: [first] }) => first !== 'workflow' && first !== 'workflows' })
}

/** What is known of a site is old now; of all sites, where none is named. */
function forget(client: QueryClient, site: string | null): void {
  void client.invalidateQueries({ queryKey: ['overview'] })
  void client.invalidateQueries({ queryKey: site === null ? ['site'] : ['site', site] })
  void client.invalidateQueries({ queryKey: ['backup'] })
}

const findJob = (client: QueryClient, id: string): WorkflowView | undefined =>
  client.getQueryData(jobsQuery.queryKey)?.find((job) => job.id === id)
