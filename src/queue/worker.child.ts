// A worker in a process of its own, for the tests that kill or pause it: argv holds the connection and the instance as JSON.
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openState, type StateConnection } from '../state/open.ts'
import { defineWorkflow } from './define.ts'
import { openQueue } from './queue.ts'
import { startWorker } from './worker.ts'

export interface ProbeInput {
  /** Each step appends a line to it; the second waits until `<file>.go` is there */
  file: string
}

const probe = (kind: string, changes: boolean) =>
  defineWorkflow<ProbeInput, string>({
    kind,
    version: 1,
    changes,
    async run(context, { file }) {
      const say = (line: string): void => appendFileSync(file, `${line} ${context.attempt} ${process.pid}\n`)
      await context.step('first', async () => say('first'))
      await context.step('second', async (run) => {
        say('second begins')
        while (!existsSync(`${file}.go`)) {
          run.signal.throwIfAborted()
          await sleep(20)
        }
        say('second ends')
      })
      return `done by attempt ${context.attempt}`
    },
  })

export const probes = [probe('backup', false), probe('restore', true)]

if (process.argv[1] === import.meta.filename) {
  const { connection, instance, locksDirectory } = JSON.parse(process.argv[2] ?? '{}') as {
    connection: StateConnection
    instance: string
    locksDirectory: string
  }
  const state = await openState(connection)
  const queue = await openQueue({ state, definitions: probes, locksDirectory, expiresMs: 1000 })
  await startWorker({ queue, definitions: probes, instance, concurrency: 2, beatMs: 200, sweepMs: 200 })
}
