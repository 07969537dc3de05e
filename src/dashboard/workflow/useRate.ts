import { useRef } from 'react'
import type { StepView } from '../../contract/workSchemas.ts'

const windowMs = 15_000

/** Bytes a second over about the last fifteen seconds; null until there is something to divide. */
export function useRate(step: StepView | undefined): number | null {
  const samples = useRef<{ step: string; at: number; bytes: number }[]>([])
  const bytes = step?.progress?.doneBytes
  if (step !== undefined && bytes !== undefined) {
    const at = Date.now()
    const kept = samples.current.filter((sample) => sample.step === step.name && at - sample.at < windowMs)
    if (kept.at(-1)?.bytes !== bytes) kept.push({ step: step.name, at, bytes })
    samples.current = kept
  }
  const first = samples.current[0]
  const last = samples.current.at(-1)
  if (first === undefined || last === undefined || last.at - first.at < 1000) return null
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
}
