/** What crosses HTTP about workflows and the repository. */
import { type Static, type TSchema, Type } from 'typebox'
import { ActorView, BackupView, FailureView, RestorePlan, WarningView } from './schemas.ts'
import { stepStates, workflowKinds, workflowStates } from './words.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const size = Type.Integer({ minimum: 0 })
const closed = { additionalProperties: false }

export const ProgressView = Type.Object({
  doneBytes: Type.Number(),
  totalBytes: nullable(Type.Number()),
  doneItems: Type.Number(),
  totalItems: nullable(Type.Number()),
  note: nullable(Type.String()),
})

export const StepView = Type.Object({
  name: Type.String(),
  state: Type.Enum([...stepStates]),
  progress: nullable(ProgressView),
  startedAt: nullable(time),
  finishedAt: nullable(time),
})
export type StepView = Static<typeof StepView>

export const WorkflowView = Type.Object({
  id: Type.String(),
  /** backup, restore, undo, expire; a newer server may know more */
  kind: Type.String(),
  site: nullable(Type.String()),
  environment: nullable(Type.String()),
  state: Type.Enum([...workflowStates]),
  actor: ActorView,
  createdAt: time,
  startedAt: nullable(time),
  finishedAt: nullable(time),
  cancellable: Type.Boolean(),
  cancelRequested: Type.Boolean(),
  /** Rises with every visible change; give it back as `since` when waiting */
  revision: size,
  steps: Type.Array(StepView),
  result: Type.Unknown(),
  failure: nullable(FailureView),
  warnings: Type.Array(WarningView),
})
export type WorkflowView = Static<typeof WorkflowView>

export const Workflows = Type.Object({ workflows: Type.Array(WorkflowView) })
/**
 * `total`: how many there are, with those that are not on this page. `unfinished`: backups that wait, run, failed or were cancelled
 * in the last seven days; they hold nothing to restore
 */
export const Backups = Type.Object({
  backups: Type.Array(BackupView),
  total: Type.Integer({ minimum: 0 }),
  unfinished: Type.Array(WorkflowView),
})
export type Backups = Static<typeof Backups>
export const WorkflowsQuery = Type.Object({
  site: Type.Optional(Type.String()),
  environment: Type.Optional(Type.String()),
  state: Type.Optional(Type.Enum([...workflowStates])),
  kind: Type.Optional(Type.Enum([...workflowKinds])),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
})
/** Answers as soon as the revision is not `since` (without it: not what it is now) or the workflow has ended, else after `seconds` */
export const WaitQuery = Type.Object({
  seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 60 })),
  since: Type.Optional(Type.Integer({ minimum: 0 })),
})
export const CancelInput = Type.Object({ force: Type.Optional(Type.Boolean()) }, closed)

/** `existing`: the same thing was asked for before and still runs; its workflow is given back */
export const Started = Type.Object({ workflow: WorkflowView, existing: Type.Boolean() })
export type Started = Static<typeof Started>
export const Previewed = Type.Object({ plan: RestorePlan })
export type Previewed = Static<typeof Previewed>

/** The `result` of an undo: which of the two states is in place now, and which restore they are about. */
export const UndoResult = Type.Object({
  inPlace: Type.Enum(['before', 'after']),
  restoredAt: time,
  backup: nullable(Type.String()),
  /** When that backup was taken */
  momentAt: nullable(time),
})
export type UndoResult = Static<typeof UndoResult>

/** The `result` of a detach: how many undo sets were deleted */
export const DetachedResult = Type.Object({ undoDropped: size })
export type DetachedResult = Static<typeof DetachedResult>

export const LogLine = Type.Object({ at: time, level: Type.Enum(['info', 'warn', 'error']), message: Type.String() })
export type LogLine = Static<typeof LogLine>
export const WorkflowLog = Type.Object({ lines: Type.Array(LogLine) })

export const CheckInput = Type.Object({ readData: Type.Optional(Type.Boolean()) }, closed)
export const RepositoryCheck = Type.Object({
  ok: Type.Boolean(),
  readData: Type.Boolean(),
  backups: size,
  packs: size,
  chunks: size,
  bytesRead: size,
  seconds: Type.Number(),
  problems: Type.Array(Type.Object({ code: Type.String(), message: Type.String(), backups: Type.Array(Type.String()) })),
})
export type RepositoryCheck = Static<typeof RepositoryCheck>

export const RepositoryStats = Type.Object({
  repositoryId: Type.String(),
  backups: size,
  packs: size,
  chunks: size,
  /** What the archives of all backups would take, each downloaded once */
  archiveBytes: size,
  /** What they hold: file contents and dumps, before compression */
  rawBytes: size,
  storedBytes: size,
})
export type RepositoryStats = Static<typeof RepositoryStats>

export const KeyExport = Type.Object({ key: Type.String(), repositoryId: Type.String() })
export type KeyExport = Static<typeof KeyExport>
