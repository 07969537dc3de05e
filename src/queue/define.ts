import type { Run } from '../base/run.ts'
import type { Actor } from '../contract/words.ts'

/** What a workflow may do beside its own work. Every write goes through the attempt: once another took over, each call throws. */
export interface WorkflowContext {
  readonly id: string
  readonly actor: Actor
  /** 1 for the first run, more after a take-over */
  readonly attempt: number
  readonly run: Run
  /**
   * Runs one named piece of the work and keeps what it gives (JSON; undefined comes back as null). A step that finished in a
   * former attempt is not run again: its stored output is given. One that did not finish runs anew, so it must be safe to repeat.
   *
   * @throws {Failure} WORKFLOW_TAKEN_OVER, WORKFLOW_CANCELLED before the step begins, or what `work` threw
   */
  step<T>(name: string, work: (run: Run) => Promise<T>): Promise<T>
  /**
   * From here on the workflow cannot be cancelled, in this attempt and each later one.
   *
   * @throws {Failure} WORKFLOW_CANCELLED when somebody was faster
   */
  pointOfNoReturn(): Promise<void>
  /** @throws {Failure} WORKFLOW_TAKEN_OVER when this attempt is no longer the one that counts */
  fence(): Promise<void>
}

/**
 * Thrown by a workflow that stands between two states which it may not leave: it is not over, but goes on later, by itself, as
 * often as it takes. Only past the point of no return.
 */
export class Unfinished extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'Unfinished'
  }
}

export interface WorkflowDefinition<Input = unknown, Result = unknown> {
  kind: string
  /** Raised when steps of a stored workflow no longer mean the same: such a one is ended, never continued */
  version: number
  /** Takes its environments for itself; others only keep such a workflow out */
  changes: boolean
  run(context: WorkflowContext, input: Input): Promise<Result>
}

/** Fixes the types of input and result; the queue itself stores both as JSON. */
export function defineWorkflow<Input, Result>(definition: WorkflowDefinition<Input, Result>): WorkflowDefinition {
  return { ...definition, run: (context, input) => definition.run(context, input as Input) }
}

export type Definitions = ReadonlyMap<string, WorkflowDefinition>

export function definitionsByKind(definitions: readonly WorkflowDefinition[]): Definitions {
  return new Map(definitions.map((definition) => [definition.kind, definition]))
}
