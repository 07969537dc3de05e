import { createSecretKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pino } from 'pino'
import { newUlid } from '../../src/base/ids.ts'
import type { Actor } from '../../src/contract/words.ts'
import { openIntake } from '../../src/intake/intake.ts'
import { openQueue } from '../../src/queue/queue.ts'
import { startWorker } from '../../src/queue/worker.ts'
import { newRepositoryKey } from '../../src/repository/keys.ts'
import { createRepository } from '../../src/repository/repository.ts'
import { readConfiguration } from '../../src/server/configuration.ts'
import { provideManaged } from '../../src/server/provideManaged.ts'
import { openCatalogue } from '../../src/sites/catalogue.ts'
import { startTestState } from '../../src/state/testing.ts'
import { workflowDefinitions } from '../../src/workflows/definitions.ts'
import type { House } from '../../src/workflows/house.ts'
import { makeJourneys } from '../../src/workflows/journeys.ts'
import { makeManagedJourneys } from '../../src/workflows/managed/journeys.ts'
import { mkdirSync } from 'node:fs'

const actor: Actor = { kind: 'person', id: 'owner@example.org', name: 'Owner' }

interface Started {
  workflow: { id: string }
}

/** A whole installation in this process, without the interface: journeys, workers, managed sites and their gateway. */
export async function startManagedHouse(directory: string) {
  const state = await startTestState()
  const key = createSecretKey(randomBytes(32))
  const cairn = newRepositoryKey(newUlid())
  const repository = await createRepository({
    directory: join(directory, 'repository'),
    db: state.db,
    key: cairn,
    instance: 'test',
  })
  const sites = openCatalogue({ db: state.db, key, uidBase: 34_000_000 })
  const intake = openIntake({ db: state.db, directory: join(directory, 'intake'), limitBytes: null })
  const configuration = readConfiguration(['--data', directory, '--gateway-listen', '127.0.0.1:0'], {})
  const log = pino({ level: 'silent' })
  const onDeath = (error: Error): void => {
    throw error
  }
  const managed = await provideManaged({
    configuration,
    state,
    key,
    sites,
    intake,
    ownAddresses: () => ['http://cairn.test'],
    log,
    onDeath,
  })
  for (const name of ['cache', 'applies', 'scratch']) mkdirSync(join(directory, name), { recursive: true })
  const house: House = {
    ...{ state, repository, sites, store: { db: state.db, repository }, managed: managed.home },
    cacheDirectory: join(directory, 'cache'),
    appliesDirectory: join(directory, 'applies'),
    scratchDirectory: join(directory, 'scratch'),
    compression: 'fast',
    undoKeepDays: 30,
  }
  const definitions = workflowDefinitions(house)
  const queue = await openQueue({ state, definitions, locksDirectory: join(directory, 'locks'), onError: () => {} })
  const worker = await startWorker({ queue, definitions, instance: 'test', concurrency: 2 })
  const succeeded = async ({ workflow }: Started) => {
    let revision = -1
    for (;;) {
      const found = await queue.waitForChange(workflow.id, revision, 10_000)
      revision = found.revision
      if (found.state === 'succeeded') return found
      if (found.state === 'failed' || found.state === 'cancelled')
        throw new Error(`${found.kind} ${found.state}: ${JSON.stringify(found.failure)}`)
    }
  }
  return {
    ...{ house, actor, queue, journeys: makeJourneys(house, queue), managedJourneys: makeManagedJourneys(house, queue) },
    recover: managed.recover,
    /** The result of a workflow that must succeed */
    result: async <T>(started: Started): Promise<T> => (await succeeded(started)).result as T,
    /** The codes of its warnings */
    warningsOf: async (started: Started): Promise<string> =>
      (await succeeded(started)).warnings.map(({ code }) => code).join(' '),
    async stop() {
      await worker.stop()
      await queue.close()
      await managed.stop()
      await repository.close()
      await state.stop()
    },
  }
}

export type ManagedTestHouse = Awaited<ReturnType<typeof startManagedHouse>>
