import { cpus, totalmem } from 'node:os'

/** What a row compares and what is to be reached: known before anything is measured, so that no row can be lost. */
export interface RowGoal {
  work: string
  peerName: string
  unit: string
  goal: number
}

/** CPU seconds of ours and of the peer, where they were taken */
export interface CpuSeconds {
  ours: number
  peer: number
}

export type Outcome = { ours: number; peer: number; cpu?: CpuSeconds } | { skipped: string }

/** One comparison: ratio is ours by the peer's, lower is better. The numbers are null where the row could not be run. */
export interface BenchRow extends RowGoal {
  ours: number | null
  peer: number | null
  ratio: number | null
  met: boolean
  cpu?: CpuSeconds
  skipped?: string
}

export function rowOf(goal: RowGoal, outcome: Outcome): BenchRow {
  if ('skipped' in outcome) return { ...goal, ours: null, peer: null, ratio: null, met: false, skipped: outcome.skipped }
  const ratio = outcome.ours / outcome.peer
  return { ...goal, ...outcome, ratio, met: ratio <= goal.goal }
}

export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

export function printTable(rows: readonly BenchRow[]): string {
  return ['| work | ours | peer | | ratio | goal | | CPU |', '|---|---:|---:|---|---:|---:|---|---:|', ...rows.map(line)].join(
    '\n',
  )
}

function line({ work, ours, peer, peerName, unit, ratio, goal, met, cpu, skipped }: BenchRow): string {
  if (ours === null || peer === null || ratio === null) {
    return `| ${work} | | | ${cell(peerName)} | | ${goal} | skipped: ${cell(skipped ?? 'no reason was given')} | |`
  }
  const used = cpu === undefined ? '' : `${figure(cpu.ours)} : ${figure(cpu.peer)} s`
  const verdict = met ? 'met' : '**missed**'
  return `| ${work} | ${figure(ours)} ${unit} | ${figure(peer)} ${unit} | ${cell(peerName)} | ${ratio.toFixed(3)} | ${goal} | ${verdict} | ${used} |`
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
