import type { Kysely } from 'kysely'
import { PgBoss, fromKysely } from 'pg-boss'
import { clientConfig, type StateConnection } from '../state/open.ts'
import type { StateTables } from '../state/tables.ts'

/** What a job carries: the workflow's id and nothing else, for the rows hold the truth. */
interface WakeJob {
  workflowId: string
}

const queueName = 'workflow'

/** Wakes workers with pg-boss. A job that comes twice, late or for nothing does no harm: who wakes looks at the rows. */
export interface Waker {
  /** Within a transaction, the wake is sent when it commits */
  wake(ids: readonly string[], db?: Kysely<StateTables>): Promise<void>
  /** Calls `handle` for each job, `concurrency` at a time; a job whose handler throws comes again after `retrySeconds` */
  work(concurrency: number, handle: (workflowId: string) => Promise<void>): Promise<void>
  /** Takes no more jobs and waits for those under way */
  stopWork(): Promise<void>
  close(): Promise<void>
}

export async function startWaker(connection: StateConnection, onError: (error: Error) => void): Promise<Waker> {
  const boss = new PgBoss({
    ...(clientConfig(connection) as { connectionString?: string }),
    application_name: 'cairn-queue',
    max: 4,
    schema: 'pgboss',
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: 10,
    monitorIntervalSeconds: 10,
    persistWarnings: false,
  })
  boss.on('error', onError)
  await boss.start()
  await boss.createQueue(queueName, { ...jobOptions, policy: 'short', notify: true })
  let working = false
  return {
    async wake(ids, db) {
      for (const workflowId of ids) {
        const options = { singletonKey: workflowId, ...(db === undefined ? {} : { db: fromKysely(db) }) }
        await boss.send(queueName, { workflowId } satisfies WakeJob, options)
      }
    },
    async work(concurrency, handle) {
      working = true
      const options = { localConcurrency: concurrency, batchSize: 1, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 5 }
      await boss.work<WakeJob>(queueName, options, async (jobs) => {
        for (const job of jobs) await handle(job.data.workflowId)
      })
    },
    async stopWork() {
      if (working) await boss.offWork(queueName, { wait: true })
      working = false
    },
    close: () => boss.stop({ graceful: false, close: true }),
  }
}

/**
 * One waiting job for each workflow (`short`). A job whose process died is given to another worker after the heartbeat; the
 * expiry lies above the longest run, and one that expires all the same only wakes somebody for nothing.
 */
const jobOptions = {
  heartbeatSeconds: 30,
  expireInSeconds: 24 * 3600,
  retryLimit: 10_000,
  retryDelay: 2,
  deleteAfterSeconds: 3600,
}
