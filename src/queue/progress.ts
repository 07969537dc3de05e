import type { Progress } from '../contract/words.ts'

const everyMs = 1000

/** Collects the progress of one step and writes it at most once a second. */
export class StepProgress {
  /** Null until something was said */
  latest: Progress | null = null
  readonly #write: (progress: Progress) => void
  #timer: NodeJS.Timeout | null = null
  #writtenAt = -Infinity

  constructor(write: (progress: Progress) => void) {
    this.#write = write
  }

  merge(change: Partial<Progress>): void {
    this.latest = {
      ...(this.latest ?? { doneBytes: 0, totalBytes: null, doneItems: 0, totalItems: null, note: null }),
      ...change,
    }
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#writtenAt + everyMs - performance.now()))
  }

  /** Nothing is written afterwards; the end of the step writes {@link latest}. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = null
    this.#writtenAt = performance.now()
    if (this.latest !== null) this.#write(this.latest)
  }
}
