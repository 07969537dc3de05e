import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { clientConfig, type StateConnection } from '../state/open.ts'

export interface ChangeListener {
  /** Calls back with the id of each workflow that changed; with null where notices may have been missed. @returns stops it */
  onChange(callback: (id: string | null) => void): () => void
  close(): Promise<void>
}

/** One connection that listens for changed workflows; connects again by itself, so a notice is a hint and a poll stays behind it. */
export async function listenForChanges(connection: StateConnection): Promise<ChangeListener> {
  const callbacks = new Set<(id: string | null) => void>()
  const closing = new AbortController()
  let client: Client | null = null

  const connect = async (): Promise<void> => {
    const next = new Client({ ...clientConfig(connection), keepAlive: true })
    next.on('error', () => {}) // `end` follows
    next.on('notification', ({ payload }) => callbacks.forEach((callback) => callback(payload ?? null)))
    await next.connect()
    await next.query('listen cairn_workflow')
    if (closing.signal.aborted) return next.end()
    client = next
    next.once('end', () => void reconnect())
  }
  const reconnect = async (): Promise<void> => {
    client = null
    for (let waitMs = 100; !closing.signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
      await sleep(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      if (closing.signal.aborted) return
      const connected = await connect().then(
        () => true,
        () => false, // the server is away: the next round tries again
      )
      if (!connected) continue
      callbacks.forEach((callback) => callback(null))
      return
    }
  }

  await connect()
  return {
    onChange(callback) {
      callbacks.add(callback)
      return () => void callbacks.delete(callback)
    },
    async close() {
      closing.abort()
      await client?.end()
    },
  }
}
