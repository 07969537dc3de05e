import { cpus, totalmem } from 'node:os'

/** One comparison: ratio is ours by the peer's, lower is better. */
export interface BenchRow {
  work: string
  ours: number
  peer: number
  peerName: string
  unit: string
  ratio: number
  goal: number
  met: boolean
  /** CPU seconds of ours and of the peer, where they were taken */
  cpu?: { ours: number; peer: number }
}

export function row(work: string, ours: number, peer: number, peerName: string, unit: string, goal: number, cpu?: { ours: number; peer: number }): BenchRow {
  const ratio = ours / peer
  return { work, ours, peer, peerName, unit, ratio, goal, met: ratio <= goal, ...(cpu === undefined ? {} : { cpu }) }
}

export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

export function printTable(rows: readonly BenchRow[]): string {
  const lines = ['| work | ours | peer | | ratio | goal | |', '|---|---:|---:|---|---:|---:|---|']
  for (const { work, ours, peer, peerName, unit, ratio, goal, met } of rows) {
    lines.push(`| ${work} | ${figure(ours)} ${unit} | ${figure(peer)} ${unit} | ${peerName} | ${ratio.toFixed(3)} | ${goal} | ${met ? 'met' : '**missed**'} |`)
  }
  return lines.join('\n')
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
