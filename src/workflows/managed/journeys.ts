import type { Queue } from '../../queue/queue.ts'
import type { House } from '../house.ts'
import { environmentJourneys } from './environmentJourneys.ts'
import { siteJourneys } from './siteJourneys.ts'
import { startWith } from './start.ts'

/** Starts the journeys of managed sites: finds what they are about, refuses what cannot be, words their input. */
export function makeManagedJourneys(house: House, queue: Pick<Queue, 'enqueue'>) {
  const start = startWith(queue)
  return { ...siteJourneys(house, start), ...environmentJourneys(house, start) }
}
