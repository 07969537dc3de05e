import type { Context } from './context.ts'
import { sizeText } from '../contract/sizeText.ts'
import { barText, durationText, safeText } from './output/human.ts'

export interface Advance {
  title: string
  doneBytes: number
  totalBytes: number | null
  doneItems?: number
  totalItems?: number | null
  note?: string | null
}

export interface ProgressView {
  show(advance: Advance): void
  /** Removes the bar; what is said next starts on a clean line */
  clear(): void
}

const lineEveryMs = 10_000
const barEveryMs = 100
/** The rate is that of about the last ten seconds */
const windowMs = 10_000

/** A bar on a terminal, a plain line every ten seconds elsewhere, nothing with `--quiet`. */
export function progressView(context: Context, now: () => number = () => performance.now()): ProgressView {
  if (context.flags.quiet) return { show: () => {}, clear: () => {} }
  const { terminal } = context
  let samples: { at: number; bytes: number }[] = []
  let title = ''
  let shownAt = now()
  let drawn = false

  const clear = (): void => {
    if (drawn) terminal.err('\r\u001b[2K')
    drawn = false
  }
  return {
    clear,
    show(advance) {
      const at = now()
      if (advance.title !== title) {
        title = advance.title
        samples = []
      }
      samples = [...samples.filter((sample) => at - sample.at <= windowMs), { at, bytes: advance.doneBytes }]
      if (at - shownAt < (terminal.errIsTty ? barEveryMs : lineEveryMs)) return
      shownAt = at
      const text = progressText(advance, rate(samples), terminal.errIsTty)
      if (terminal.errIsTty) {
        terminal.err(`\r\u001b[2K${fit(text, terminal.columns() - 1)}`)
        drawn = true
      } else {
        terminal.err(`${text}\n`)
      }
    },
  }
}

/** `files  ███░░░ 52 %  1.2 GB of 2.3 GB  84.0 MB/s  13 s left` */
export function progressText(advance: Advance, bytesPerSecond: number | null, bar: boolean): string {
  const { doneBytes, totalBytes, doneItems = 0, totalItems = null } = advance
  const parts = [advance.title]
  if (totalBytes !== null && totalBytes > 0) {
    const part = Math.min(1, doneBytes / totalBytes)
    parts.push(
      `${bar ? `${barText(part, 20)} ` : ''}${Math.floor(part * 100)} %`,
      `${sizeText(doneBytes)} of ${sizeText(totalBytes)}`,
    )
  } else if (doneBytes > 0) {
    parts.push(sizeText(doneBytes))
  }
  if (totalItems !== null && totalItems > 0) parts.push(`${doneItems} of ${totalItems} items`)
  else if (doneItems > 0) parts.push(`${doneItems} items`)
  if (bytesPerSecond !== null && bytesPerSecond > 0) {
    parts.push(`${sizeText(bytesPerSecond)}/s`)
    if (totalBytes !== null && totalBytes > doneBytes)
      parts.push(`${durationText((totalBytes - doneBytes) / bytesPerSecond)} left`)
  }
  if (advance.note !== null && advance.note !== undefined && advance.note !== '') parts.push(safeText(advance.note))
  return parts.join('  ')
}

function rate(samples: { at: number; bytes: number }[]): number | null {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at - first.at < 500) return null
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
