import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeTree } from '../../src/base/files.ts'
import { runFresh } from './children.ts'
import { makeTree } from './data.ts'
import type { BenchHouse } from './house.ts'
import type { Measurement } from './measurement.ts'

const limitMb = 300

const growing: Measurement = {
  rows: [
    { work: 'memory of the process and its threads, 1 GB of files', peerName: 'limit', unit: 'MB', goal: 1 },
    { work: 'memory of the process and its threads, 4 GB of files', peerName: 'limit', unit: 'MB', goal: 1 },
    { work: 'memory with 4 GB against 1 GB', peerName: 'with 1 GB', unit: 'MB', goal: 1.1 },
  ],
  async take(house) {
    const small = await peakMb(house, house.quick ? 0.2 : 1)
    const large = await peakMb(house, house.quick ? 0.8 : 4)
    return [
      { ours: small, peer: limitMb },
      { ours: large, peer: limitMb },
      { ours: large, peer: small },
    ]
  },
}

export const memory: readonly Measurement[] = [growing]

/** Most memory held while a first backup of so many files is taken and proven; PostgreSQL is a process of its own. */
async function peakMb(house: BenchHouse, gigabytes: number): Promise<number> {
  const tree = house.path('large')
  mkdirSync(tree)
  house.say(`making ${gigabytes} GB of files`)
  await makeTree(tree, Math.round((gigabytes * 1e9 - wordpressBytes) / bytesPerOriginal))
  const repository = await house.newRepository()
  const { captured, peak } = await runFresh<{ captured: number; peak: number }>(house, repository, 'memory.child', { tree })
  house.say(`${gigabytes} GB: ${Math.round(captured / 1e6)} MB until the commit, ${Math.round(peak / 1e6)} MB with the proof`)
  removeTree(tree, house.work)
  removeTree(join(house.work, 'repository'), house.work)
  return peak / 1e6
}

const wordpressBytes = 64e6
const bytesPerOriginal = 253e3
