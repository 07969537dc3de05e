import type { FailureRecord } from '../base/failure.ts'
import type { Actor, Progress, StepState, Warning, WorkflowState } from '../contract/words.ts'
import type { Row } from '../state/tables.ts'

/** A workflow as others see it. */
export interface WorkflowRecord {
  id: string
  seq: number
  kind: string
  version: number
  site: string | null
  environment: string | null
  environmentIds: string[]
  changes: boolean
  actor: Actor
  input: unknown
  dedupeKey: string | null
  state: WorkflowState
  attempt: number
  /** Raised by every change that is worth showing, of the workflow or of one of its steps */
  revision: number
  instance: string | null
  beatAt: Date | null
  cancelRequested: boolean
  cancellable: boolean
  result: unknown
  failure: FailureRecord | null
  warnings: Warning[]
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

export interface StepRecord {
  name: string
  position: number
  state: StepState
  attempt: number
  progress: Progress | null
  output: unknown
  failure: FailureRecord | null
  startedAt: Date | null
  finishedAt: Date | null
}

export interface LogLine {
  id: number
  at: Date
  level: 'info' | 'warn' | 'error'
  message: string
}

export function isOpen(record: Pick<WorkflowRecord, 'state'>): boolean {
  return record.state === 'queued' || record.state === 'running'
}

export function workflowRecord(row: Row<'workflow'>): WorkflowRecord {
  return {
    id: row.id,
    seq: row.seq,
    kind: row.kind,
    version: row.version,
    site: row.site,
    environment: row.environment,
    environmentIds: row.environment_ids,
    changes: row.changes,
    actor: row.actor,
    input: row.input,
    dedupeKey: row.dedupe_key,
    state: row.state,
    attempt: row.attempt,
    revision: row.revision,
    instance: row.instance,
    beatAt: row.beat_at,
    cancelRequested: row.cancel_requested,
    cancellable: isOpen(row) && row.cancellable,
    result: row.result,
    failure: row.failure,
    warnings: row.warnings,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

export function stepRecord(row: Row<'step'>): StepRecord {
  return {
    name: row.name,
    position: row.position,
    state: row.state,
    attempt: row.attempt,
    progress: row.progress,
    output: row.output,
    failure: row.failure,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}
