// Replaces in large cells, one at a time, beside the main thread.
import { parentPort, workerData } from 'node:worker_threads'
import { changeOf } from './cellChange.ts'
import type { CellAnswer, CellJob } from './cells.ts'
import { makeReplacer, type ReplacerOptions } from './replacer.ts'

const port = parentPort
if (port === null) throw new Error('cells.thread runs in a thread only')
const replacer = makeReplacer(workerData as ReplacerOptions)

port.on('message', ({ column, values }: CellJob) => {
  const cells = values.map((value) => (value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length)))
  const change = changeOf(column, cells, replacer)
  port.postMessage('before' in change ? shortened(change, cells) : change)
})

function shortened(change: Extract<ReturnType<typeof changeOf>, { before: Buffer }>, cells: (Buffer | null)[]): CellAnswer {
  const { before, replaced, kind, view } = change
  const { value, edits, ...rest } = replaced
  const shown = edits.findIndex(({ text }) => !/^\d+$/.test(text)) // what stands before it are lengths
  const none = new Uint8Array()
  const kept = { ...rest, edits: shown < 0 ? edits.slice(0, 1) : edits.slice(0, shown + 1) }
  return { kind, view, index: cells.indexOf(before), value: rest.count === 0 ? none : value, replaced: kept }
}
