import { expect, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { quietRun } from '../../base/run.ts'
import type { Warning } from '../../contract/words.ts'
import type { Proof } from './prove.ts'
import { proveTwice } from './proveTwice.ts'

const proof: Proof = { sha256: 'aa', archiveBytes: 1, entries: 1 }
const damage = new Failure('CHUNK_DAMAGED', 'Cannot read a chunk')

/** Proves whose readings end so, one after the other. */
async function proveWith(...ends: (Proof | Error)[]): Promise<{ found: unknown; warnings: string[]; readings: number }> {
  const warnings: Warning[] = []
  let readings = 0
  const run = { ...quietRun(), warn: (warning: Warning) => void warnings.push(warning) }
  const found = await proveTwice('files', run, async () => {
    const end = ends[readings++]
    if (end === undefined || end instanceof Error) throw end ?? new Error('read once too often')
    return end
  }).catch((error: unknown) => error)
  return { found, warnings: warnings.map(({ code }) => code), readings }
}

test('one reading is enough where it finds nothing', async () => {
  expect(await proveWith(proof)).toEqual({ found: proof, warnings: [], readings: 1 })
})

test('damage that a second reading does not find was a bad read: the backup is proven, with a warning', async () => {
  expect(await proveWith(damage, proof)).toEqual({ found: proof, warnings: ['PROOF_REPEATED'], readings: 2 })
})

test('damage that both find is damage', async () => {
  expect(await proveWith(damage, damage)).toEqual({ found: damage, warnings: [], readings: 2 })
})

test('a cancel, or a disk that fails, is no damage and ends it at once', async () => {
  const cancelled = new Failure('WORKFLOW_CANCELLED', 'Cannot go on')
  expect(await proveWith(cancelled)).toEqual({ found: cancelled, warnings: [], readings: 1 })
})
