/** What crosses HTTP about sites, backups and restores: one schema and one type of the same name each. Times are ISO 8601 in UTC. */
import { type Static, type TSchema, Type } from 'typebox'
import { backupStates, elements, frameworks, linkLifeMaxDays, tlsModes, triggers } from './words.ts'

const closed = { additionalProperties: false }
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const size = Type.Integer({ minimum: 0 })
const facts = Type.Record(Type.String(), Type.Unknown())

/** An identity is not checked for its shape in parameters: an unknown one is "not found", in words. */
const name = Type.String({ minLength: 1, maxLength: 200 })
export const SiteParams = Type.Object({ site: name })
export const EnvironmentParams = Type.Object({ site: name, environment: name })
export const IdParams = Type.Object({ id: name })

export const ElementName = Type.Enum([...elements])
export const FrameworkName = Type.Enum([...frameworks])

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  hint: nullable(Type.String()),
  details: Type.Optional(facts),
})
export type Problem = Static<typeof Problem>

export const ActorView = Type.Object({
  kind: Type.Enum(['person', 'token', 'schedule', 'system']),
  id: Type.String(),
  name: Type.String(),
})

export const WarningView = Type.Object({
  code: Type.String(),
  element: nullable(ElementName),
  message: Type.String(),
  path: nullable(Type.String()),
})

export const FailureView = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: nullable(Type.String()),
  retry: Type.Enum(['never', 'later', 'after-repair']),
})

export const Health = Type.Object({
  status: Type.Literal('ok'),
  version: Type.String(),
  instance: Type.String(),
  keyExported: Type.Boolean(),
})
export type Health = Static<typeof Health>

export const DatabaseInput = Type.Object(
  {
    host: Type.Optional(nullable(Type.String())),
    port: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 65535 }))),
    socket: Type.Optional(nullable(Type.String())),
    user: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    tls: Type.Optional(nullable(Type.Enum([...tlsModes]))),
  },
  closed,
)
export type DatabaseInput = Static<typeof DatabaseInput>

const found = {
  framework: Type.Optional(FrameworkName),
  filesPath: Type.Optional(Type.String({ minLength: 1 })),
  privatePath: Type.Optional(Type.String({ minLength: 1 })),
  /** Of several sites on one Drupal the one that is meant */
  siteDirectory: Type.Optional(Type.String({ minLength: 1 })),
  database: Type.Optional(DatabaseInput),
  url: Type.Optional(Type.String({ minLength: 1 })),
  tablePrefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_]{1,64}$' })),
  /** The whole environment that the site's PHP sees; used to read the configuration, and never kept */
  environment: Type.Optional(Type.Record(Type.String(), Type.String())),
  phpReload: Type.Optional(Type.String({ minLength: 1 })),
}
const path = Type.String({ minLength: 1, maxLength: 4096 })

/** What a person says because it cannot be found, or was found wrong */
export const Overrides = Type.Object(found, closed)
export type Overrides = Static<typeof Overrides>

export const DetectInput = Type.Object({ path, overrides: Type.Optional(Overrides) }, closed)
export type DetectInput = Static<typeof DetectInput>

export const AttachInput = Type.Object(
  {
    path,
    ...found,
    label: Type.Optional(Type.String({ maxLength: 200 })),
    adminDatabase: Type.Optional(Type.Object({ user: Type.String(), password: Type.String() }, closed)),
    /** It is attached already, and has moved or has other credentials: keeps its backups, its administrator and how PHP is reloaded */
    again: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type AttachInput = Static<typeof AttachInput>

export const DetachInput = Type.Object(
  {
    /** The typed name, `SITE.ENV` */
    confirm: Type.String(),
    /** Deletes the undo sets that are kept, which needs a workflow; without it, detaching is refused while there are some */
    dropUndo: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type DetachInput = Static<typeof DetachInput>

/** Which database an environment uses; its password never crosses, only whether there is one. */
export const DatabaseView = Type.Object({
  host: nullable(Type.String()),
  port: nullable(Type.Integer()),
  socket: nullable(Type.String()),
  user: Type.String(),
  name: Type.String(),
  passwordPresent: Type.Boolean(),
  tls: nullable(Type.Enum([...tlsModes])),
})
export type DatabaseView = Static<typeof DatabaseView>

export const Detection = Type.Object({
  framework: nullable(FrameworkName),
  version: nullable(Type.String()),
  codeRoot: Type.String(),
  docroot: Type.String(),
  contentDirectory: nullable(Type.String()),
  filesDirectory: nullable(Type.String()),
  /** What else the files element holds, and its name there */
  furtherFiles: Type.Array(Type.Object({ at: Type.String(), directory: Type.String() })),
  configFiles: Type.Array(Type.String()),
  url: nullable(Type.String()),
  tablePrefix: nullable(Type.String()),
  database: nullable(DatabaseView),
  /** Plain sentences: what was assumed, what could not be found */
  notes: Type.Array(Type.String()),
})
export type Detection = Static<typeof Detection>

export const Check = Type.Object({
  check: Type.String(),
  ok: Type.Boolean(),
  level: Type.Enum(['info', 'warning', 'error']),
  message: Type.String(),
})
export type Check = Static<typeof Check>

export const Preflight = Type.Object({
  /** How a restore will be done, in words for people */
  mode: Type.String(),
  checks: Type.Array(Check),
})
export type Preflight = Static<typeof Preflight>

/** A restore, or a change of a managed environment, that can be taken back, or done again */
const UndoView = Type.Object({
  state: Type.Enum(['ready', 'undone']),
  backup: nullable(Type.String()),
  restoredAt: time,
  keepUntil: nullable(time),
})

export const EnvironmentView = Type.Object({
  id: Type.String(),
  site: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  framework: nullable(FrameworkName),
  version: nullable(Type.String()),
  codeRoot: Type.String(),
  docroot: Type.String(),
  filesDirectory: nullable(Type.String()),
  configFiles: Type.Array(Type.String()),
  url: nullable(Type.String()),
  database: nullable(DatabaseView),
  adminDatabase: Type.Boolean(),
  createdAt: time,
  /** What `undo` would do now; null when there is nothing to undo */
  undo: nullable(UndoView),
  /** Of an attached one: all that restores replaced and that is still kept, newest first */
  undoSets: Type.Array(UndoView),
  /** Null for an attached one. Release 0: nothing was deployed there yet */
  managed: nullable(Type.Object({ release: size, commit: nullable(Type.String()) })),
  preflight: Type.Optional(Preflight),
})
export type EnvironmentView = Static<typeof EnvironmentView>

export const SiteView = Type.Object({
  name: Type.String(),
  label: Type.String(),
  framework: nullable(FrameworkName),
  environments: Type.Array(Type.String()),
  /** Where git clones and pushes the code of a managed site; null for an attached one */
  gitUrl: nullable(Type.String()),
  createdAt: time,
})
export type SiteView = Static<typeof SiteView>

export const Sites = Type.Object({ sites: Type.Array(SiteView) })
export const Environments = Type.Object({ environments: Type.Array(EnvironmentView) })
export const EnvironmentQuery = Type.Object({ preflight: Type.Optional(Type.Boolean()) })
export const Attached = Type.Object({ environment: EnvironmentView, detection: Detection, preflight: Preflight })
export type Attached = Static<typeof Attached>

const chosen = Type.Array(ElementName, { minItems: 1, maxItems: 3, uniqueItems: true })
const keepForDays = Type.Integer({ minimum: 1, maximum: 36_500 })
const note = nullable(Type.String({ maxLength: 2000 }))

export const BackupCreateInput = Type.Object(
  {
    elements: chosen,
    keepForDays: Type.Optional(keepForDays),
    note: Type.Optional(note),
    paranoid: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type BackupCreateInput = Static<typeof BackupCreateInput>

export const BackupElementView = Type.Object({
  element: ElementName,
  fileName: Type.String(),
  sizeBytes: size,
  entryCount: size,
  rawBytes: size,
  /** Of the whole archive, recorded by the proof; null until then */
  sha256: nullable(Type.String()),
  provenAt: nullable(time),
  holdsSecrets: Type.Boolean(),
})
export type BackupElementView = Static<typeof BackupElementView>

export const BackupView = Type.Object({
  id: Type.String(),
  site: Type.String(),
  environment: Type.String(),
  trigger: Type.Enum([...triggers]),
  actor: ActorView,
  state: Type.Enum([...backupStates]),
  momentAt: time,
  createdAt: time,
  expiresAt: nullable(time),
  locked: Type.Boolean(),
  note: nullable(Type.String()),
  deletedAt: nullable(time),
  /** Until when an expired or deleted backup can be recalled; null for one that is shown */
  recallUntil: nullable(time),
  workflowId: nullable(Type.String()),
  warnings: Type.Array(WarningView),
  elements: Type.Array(BackupElementView),
  facts,
})
export type BackupView = Static<typeof BackupView>

/** `all` shows what expired or was deleted and can still be recalled, too */
/** Without a limit all of them; `search` looks into notes, people, commits and ids */
export const BackupsQuery = Type.Object({
  all: Type.Optional(Type.Boolean()),
  trigger: Type.Optional(Type.Enum([...triggers])),
  search: Type.Optional(Type.String({ maxLength: 200 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
})
export const BackupChange = Type.Object(
  { locked: Type.Optional(Type.Boolean()), note: Type.Optional(note), keepForDays: Type.Optional(nullable(keepForDays)) },
  { ...closed, minProperties: 1 },
)
export type BackupChange = Static<typeof BackupChange>

export const LinkInput = Type.Object(
  { element: ElementName, lifeSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: linkLifeMaxDays * 86_400 })) },
  closed,
)
export type LinkInput = Static<typeof LinkInput>
export const LinkView = Type.Object({
  id: Type.String(),
  url: Type.String(),
  fileName: Type.String(),
  sizeBytes: size,
  sha256: nullable(Type.String()),
  expiresAt: time,
  /** A sentence when the archive holds credentials, or when it has not been proven */
  warning: nullable(Type.String()),
})
export type LinkView = Static<typeof LinkView>

export const RestoreInput = Type.Object(
  {
    /** Id or file name of the backup */
    backup: Type.String({ minLength: 1, maxLength: 300 }),
    elements: chosen,
    safetyBackup: Type.Optional(Type.Boolean()),
    withConfig: Type.Optional(Type.Boolean()),
    /** Into a managed environment, from elsewhere: addresses become its own @default true */
    replaceAddresses: Type.Optional(Type.Boolean()),
    queue: Type.Optional(Type.Boolean()),
    dryRun: Type.Optional(Type.Boolean()),
    /** `site.env`, needed for `live` */
    confirm: Type.Optional(Type.String()),
  },
  closed,
)
export type RestoreInput = Static<typeof RestoreInput>

const fileCounts = Type.Object({
  added: size,
  changed: size,
  removed: size,
  unchanged: size,
  bytes: size,
  /** The first few paths of each kind, for people */
  examples: Type.Array(Type.Object({ change: Type.Enum(['added', 'changed', 'removed']), path: Type.String() })),
})
export const RestorePlan = Type.Object({
  backup: Type.String(),
  environment: Type.String(),
  mode: Type.String(),
  code: nullable(fileCounts),
  files: nullable(fileCounts),
  database: nullable(Type.Object({ tables: size, rows: size, bytes: size, tablesRemoved: Type.Array(Type.String()) })),
  spaceNeededBytes: size,
  spaceFreeBytes: nullable(size),
  estimatedSeconds: nullable(Type.Number()),
  warnings: Type.Array(WarningView),
})
export type RestorePlan = Static<typeof RestorePlan>
