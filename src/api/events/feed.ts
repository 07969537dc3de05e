import { randomBytes } from 'node:crypto'
import type { Action } from '../../contract/actions.ts'
import type { ChangeEvent } from '../../contract/eventSchemas.ts'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { viewWithSteps } from '../viewWorkflow.ts'

/** `by`: whose own affair it is, where it is nobody else's */
export type News =
  | { kind: 'workflow'; id: string; workflow: WorkflowView }
  | { kind: 'change'; id: string; change: ChangeEvent & { action: Action }; by: string }

/**
 * All that changes, in one order. The last few hundred are remembered, so that who comes back is told what it missed; who was
 * away for longer, or since before this process, asks anew.
 */
export interface Feed {
  /** What came after this id; null where that cannot be told any more */
  since(id: string): News[] | null
  /** @returns stops it */
  follow(follower: (news: News) => void): () => void
  change(change: ChangeEvent & { action: Action }, by: string): void
  close(): void
}

const rememberedMax = 500
/** Several changes of one workflow in so short a time are told as one */
const gatherMs = 60
/** After a broken connection to the state database so many workflows are looked at again */
const lookAgainMax = 100

export function openFeed(
  queue: Pick<ApiDeps['queue'], 'get' | 'list' | 'steps' | 'onChange'>,
  onError: (error: unknown) => void,
): Feed {
  const epoch = randomBytes(6).toString('hex')
  const remembered: News[] = []
  const followers = new Set<(news: News) => void>()
  const waiting = new Set<string>()
  const told = new Map<string, number>()
  let count = 0
  let timer: NodeJS.Timeout | null = null
  let closed = false

  const publish = (make: (id: string) => News): void => {
    count += 1
    const news = make(`${epoch}-${count}`)
    remembered.push(news)
    if (remembered.length > rememberedMax) remembered.shift()
    for (const follower of followers) follower(news)
  }
  const tell = (workflow: WorkflowView): void => {
    if ((told.get(workflow.id) ?? 0) >= workflow.revision) return
    told.delete(workflow.id)
    told.set(workflow.id, workflow.revision) // the newest is the last one
    if (told.size > rememberedMax) told.delete(told.keys().next().value ?? '')
    publish((id) => ({ kind: 'workflow', id, workflow }))
  }
  const look = async (): Promise<void> => {
    const ids = [...waiting]
    waiting.clear()
    for (const id of ids) tell(await viewWithSteps(queue, await queue.get(id)))
  }
  const lookAgain = async (): Promise<void> => {
    const records = await queue.list({ limit: lookAgainMax })
    for (const record of records.toReversed()) tell(await viewWithSteps(queue, record))
  }
  const during = (work: Promise<void>): void =>
    void work.catch((error: unknown) => {
      if (!closed) onError(error)
    })

  const stop = queue.onChange((id) => {
    if (closed) return
    if (id === null) return during(lookAgain())
    waiting.add(id)
    timer ??= setTimeout(() => {
      timer = null
      during(look())
    }, gatherMs)
  })

  return {
    since(id) {
      const [from, number] = id.split('-')
      const at = Number(number)
      if (from !== epoch || !Number.isInteger(at) || at > count || at < count - remembered.length) return null
      return remembered.slice(remembered.length - (count - at))
    },
    follow(follower) {
      followers.add(follower)
      return () => void followers.delete(follower)
    },
    change: (change, by) => publish((id) => ({ kind: 'change', id, change, by })),
    close() {
      closed = true
      stop()
      if (timer !== null) clearTimeout(timer)
      followers.clear()
    },
  }
}
