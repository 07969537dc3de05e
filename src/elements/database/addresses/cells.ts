import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { threadFile } from '../../../base/threads.ts'
import { type CellChange, changeOf } from './cellChange.ts'
import type { Replacer } from './edits.ts'
import type { ReplacerOptions } from './replacer.ts'
import type { Column } from './tableShape.ts'

/** Tells what becomes of cells. */
export interface Cells {
  change(column: Column, values: readonly (Buffer | null)[]): CellChange | Promise<CellChange>
  close(): Promise<void>
}

export interface CellJob {
  column: Column
  values: readonly (Uint8Array | null)[]
}

/** What the thread answers: `before` is here already, and of the edits come those that a sample shows. */
export type CellAnswer = Exclude<CellChange, { before: Buffer }> | (ChangedCell & { value: Uint8Array; index: number })

type Full = Extract<CellChange, { before: Buffer }>
type ChangedCell = Omit<Full, 'before' | 'replaced'> & { replaced: Omit<Full['replaced'], 'value'> }

/** Larger cells go to a thread: a page builder's of some megabytes would hold up everything else for seconds. */
const inlineBytesMax = 64 << 10

/** @param options what `replacer` was made of, with pairs that this thread can make it of again */
export function openCells(replacer: Replacer, options: ReplacerOptions): Cells {
  let thread: Worker | null = null
  const inThread = async (column: Column, values: readonly (Buffer | null)[]): Promise<CellChange> => {
    const { pairs, directories = [], bareHosts = false, emails = false } = options
    const workerData = { pairs, directories, bareHosts, emails } satisfies ReplacerOptions
    thread ??= new Worker(threadFile(import.meta.url, 'cells.thread'), { workerData })
    const answered = once(thread, 'message') // rejects when the thread fails
    thread.postMessage({ column, values } satisfies CellJob)
    const [answer] = (await answered) as [CellAnswer]
    if (!('value' in answer)) return answer
    const { index, value, ...rest } = answer
    const before = values[index] ?? Buffer.alloc(0)
    const after = rest.replaced.count === 0 ? before : Buffer.from(value.buffer, value.byteOffset, value.length)
    return { ...rest, before, replaced: { ...rest.replaced, value: after } }
  }
  return {
    change(column, values) {
      const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0)
      return bytes <= inlineBytesMax ? changeOf(column, values, replacer) : inThread(column, values)
    },
    async close() {
      await thread?.terminate()
    },
  }
}
