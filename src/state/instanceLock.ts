import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { Failure } from '../base/failure.ts'
import { clientConfig, type StateConnection } from './open.ts'

export interface InstanceLock {
  release(): Promise<void>
}

interface LockOptions {
  connection: StateConnection
  instance: string
  /** The lock was lost and cannot be had again: this process must end */
  onLost: (error: Failure) => void
  /** For how long a lost connection is opened again; default 60 s */
  patienceMs?: number
}

/**
 * Sees to it that one process at a time works as `instance` on a state database that several may use: workflows of an instance
 * are taken back by its next process at once, so two of one name would take them from each other.
 *
 * An advisory lock of PostgreSQL lasts as long as its connection. While that is lost nothing wrong is written all the same: a
 * process that takes a workflow over raises its attempt, which fences every write of the former one, and what changes an
 * environment holds a lock of the kernel beside it. So the connection is opened again, and only where another process has come
 * meanwhile, or nobody answers for long, this one ends.
 *
 * @throws {Failure} SERVER_RUNNING, STATE_DATABASE
 */
export async function lockInstance(options: LockOptions): Promise<InstanceLock> {
  const held = { client: await takePatiently(options, [0, 100, 300, 600, 1000, 2000]), released: false }
  const watch = (client: Client): void => {
    client.on('error', () => {}) // 'end' follows
    client.once('end', () => {
      if (!held.released) void takeAgain()
    })
  }
  const takeAgain = async (): Promise<void> => {
    try {
      const client = await reopen(options, () => held.released)
      if (client === null) return
      held.client = client
      watch(client)
      if (held.released) await client.end()
    } catch (error) {
      options.onLost(error instanceof Failure ? error : lost(error))
    }
  }
  watch(held.client)
  return {
    async release() {
      held.released = true
      await held.client.end().catch(() => {})
    },
  }
}

/** A server that was killed a moment ago may still have its connection. */
async function takePatiently(options: LockOptions, waitsMs: number[]): Promise<Client> {
  for (const waitMs of waitsMs) {
    await sleep(waitMs)
    const client = await take(options)
    if (client !== null) return client
  }
  throw new Failure(
    'SERVER_RUNNING',
    `Cannot use the state database: another Cairn server works there as "${options.instance}"`,
    {
      hint: 'Stop that server. If its data directory was copied to make this one, delete the file "instance" in the copy',
    },
  )
}

/** Null once it is not wanted any more. */
async function reopen(options: LockOptions, isReleased: () => boolean): Promise<Client | null> {
  const until = Date.now() + (options.patienceMs ?? 60_000)
  for (let waitMs = 50; !isReleased(); waitMs = Math.min(2 * waitMs, 2000)) {
    try {
      return await takePatiently(options, [0, 100, 300])
    } catch (error) {
      if (error instanceof Failure || Date.now() > until) throw error
      await sleep(waitMs)
    }
  }
  return null
}

async function take({ connection, instance }: LockOptions): Promise<Client | null> {
  const client = new Client({ ...clientConfig(connection), keepAlive: true, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // a connection that breaks fails the query, or ends
  await client.connect()
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [
    lockClass,
    keyOf(instance),
  ])
  if (rows[0]?.taken === true) return client
  await client.end()
  return null
}

/** Any number that nobody else in this database uses for locks of two keys. */
const lockClass = 0x6361_6972

function keyOf(instance: string): number {
  return createHash('sha256').update(instance).digest().readInt32BE(0)
}

function lost(cause: unknown): Failure {
  return new Failure(
    'STATE_DATABASE',
    `Cannot go on: the state database is away (${cause instanceof Error ? cause.message : String(cause)})`,
    {
      retry: 'later',
      cause,
    },
  )
}
