/** What crosses HTTP to make, fill, move and delete managed sites and their environments. Each but a dry run starts a workflow. */
import { type Static, type TSchema, Type } from 'typebox'
import { ElementName, FrameworkName, WarningView } from './schemas.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const closed = { additionalProperties: false }
const size = Type.Integer({ minimum: 0 })
const name = Type.String({ minLength: 1, maxLength: 200 })
const note = Type.String({ maxLength: 2000 })
const chosen = Type.Array(ElementName, { minItems: 1, maxItems: 3, uniqueItems: true })
const replaceAddresses = Type.Optional(Type.Boolean())
/** A commit's full id, or the name of a branch or a tag */
const commit = Type.String({ minLength: 1, maxLength: 300, pattern: '^[^-\\s][^\\s]*$' })

/** A finished upload, or an address that the server fetches by itself. An address is a secret: it is stored sealed. */
export const Given = Type.Union([
  Type.Object({ upload: Type.String({ minLength: 1, maxLength: 200 }) }, closed),
  Type.Object({ url: Type.String({ minLength: 1, maxLength: 8192 }) }, closed),
])
export type Given = Static<typeof Given>

export const SiteSource = Type.Union([
  Type.Object({ kind: Type.Literal('empty'), framework: FrameworkName }, closed),
  /** Either `all`, or `code` with what there is beside it */
  Type.Object(
    {
      kind: Type.Literal('archives'),
      all: Type.Optional(Given),
      code: Type.Optional(Given),
      database: Type.Optional(Given),
      files: Type.Optional(Given),
      /** @default true */
      replaceAddresses,
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('backup'),
      /** Id or file name, of whatever site */
      backup: Type.String({ minLength: 1, maxLength: 300 }),
      /** What it holds, by default; code is needed */
      elements: Type.Optional(chosen),
      /** @default true */
      replaceAddresses,
    },
    closed,
  ),
])
export type SiteSource = Static<typeof SiteSource>

/** A new site, with dev, test and live; its source goes into dev */
export const CreateSiteInput = Type.Object(
  {
    site: name,
    label: Type.Optional(nullable(Type.String({ maxLength: 200 }))),
    source: SiteSource,
    /**
     * Makes nothing. Of archives: looks what they hold, the workflow's result is an `ArchivesFound`. Else 204: the site could be made,
     * which who has to upload archives asks before
     */
    dryRun: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type CreateSiteInput = Static<typeof CreateSiteInput>

/** `result` of a look at the archives of a new site */
export const ArchivesFound = Type.Object({
  framework: FrameworkName,
  version: nullable(Type.String()),
  /** Below the code; '' for the code itself */
  docroot: Type.String(),
  hasGit: Type.Boolean(),
  code: Type.Object({ archive: Type.String(), root: Type.String(), files: size, bytes: size }),
  files: nullable(Type.Object({ archive: Type.String(), root: Type.String() })),
  database: nullable(Type.Object({ archive: Type.String(), tables: size })),
})
export type ArchivesFound = Static<typeof ArchivesFound>

/** `from`: the environment whose code, files and database it begins with; `dev` unless said */
export const AddEnvironmentInput = Type.Object({ environment: name, from: Type.Optional(name) }, closed)
export type AddEnvironmentInput = Static<typeof AddEnvironmentInput>

/**
 * In the query: the name of what is deleted, typed: `site`, or `site.env`. A last backup is taken and kept; with
 * `giveUpLastBackup` what cannot be backed up any more is deleted all the same, with a warning.
 */
export const DeleteQuery = Type.Object({ confirm: Type.String(), giveUpLastBackup: Type.Optional(Type.Boolean()) }, closed)

/** `confirm`: `site.env`, needed for `live` */
const confirm = Type.Optional(Type.String())

export const ImportInput = Type.Object(
  {
    element: ElementName,
    from: Given,
    /** replace: the tree is what the archive holds; overwrite: laid over it. Code only. @default replace */
    code: Type.Optional(Type.Enum(['replace', 'overwrite'])),
    /** @default true */
    replaceAddresses,
    /** Lists what would change, and changes nothing: the workflow's result is an `ImportPlan` */
    dryRun: Type.Optional(Type.Boolean()),
    confirm,
  },
  closed,
)
export type ImportInput = Static<typeof ImportInput>

export const RevertCodeInput = Type.Object({ commit }, closed)
export type RevertCodeInput = Static<typeof RevertCodeInput>
/** History is rewritten: `confirm` is `site.env` always */
export const ResetCodeInput = Type.Object({ commit, confirm: Type.String() }, closed)
export type ResetCodeInput = Static<typeof ResetCodeInput>

/** Into the environment that is asked; `from` is another one of the same site */
export const CloneInput = Type.Object(
  {
    from: name,
    elements: Type.Array(Type.Enum(['files', 'database']), { minItems: 1, maxItems: 2, uniqueItems: true }),
    /** @default true */
    replaceAddresses,
    confirm,
  },
  closed,
)
export type CloneInput = Static<typeof CloneInput>

/** Dev's code into test, test's into live: the environment that is asked is the target */
export const DeployInput = Type.Object(
  {
    note: Type.Optional(note),
    updateDatabase: Type.Optional(Type.Boolean()),
    clearCache: Type.Optional(Type.Boolean()),
    /** Into test: live's database and files come along */
    syncContent: Type.Optional(Type.Boolean()),
    confirm,
  },
  closed,
)
export type DeployInput = Static<typeof DeployInput>

export const WipeInput = Type.Object({ confirm: Type.String() }, closed)
export type WipeInput = Static<typeof WipeInput>

export const SearchReplaceInput = Type.Object(
  {
    pairs: Type.Array(
      Type.Object(
        { from: Type.String({ minLength: 1, maxLength: 2000 }), to: Type.String({ minLength: 1, maxLength: 2000 }) },
        closed,
      ),
      { minItems: 1, maxItems: 20 },
    ),
    dryRun: Type.Optional(Type.Boolean()),
    confirm,
  },
  closed,
)
export type SearchReplaceInput = Static<typeof SearchReplaceInput>

/** `url`: null for the gateway's own */
export const EnvironmentSettings = Type.Object(
  {
    url: nullable(Type.String({ maxLength: 200, pattern: '^https?://[a-z0-9.-]+(:[0-9]{1,5})?$' })),
    confirm,
  },
  closed,
)
export type EnvironmentSettings = Static<typeof EnvironmentSettings>

export const WebserverQuery = Type.Object({ server: Type.Optional(Type.Enum(['nginx'])) })
export const WebserverView = Type.Object({
  server: Type.Literal('nginx'),
  /** To be typed once, as root */
  commands: Type.Array(Type.String()),
  files: Type.Array(Type.Object({ path: Type.String(), text: Type.String() })),
})
export type WebserverView = Static<typeof WebserverView>

/** `result` of a workflow that made or changed a managed environment. */
export const ManagedResult = Type.Object({
  site: Type.String(),
  environment: Type.String(),
  url: nullable(Type.String()),
  /** Number of the release that is current now; null where nothing had to change */
  release: nullable(Type.Integer()),
  commit: nullable(Type.String()),
  safetyBackup: nullable(Type.String()),
  /** Sentences for people: addresses replaced, what was done to a clone to make it safe */
  done: Type.Array(Type.String()),
  maintenanceMs: nullable(Type.Number()),
})
export type ManagedResult = Static<typeof ManagedResult>

/** `result` of a deletion */
export const DeletedResult = Type.Object({
  site: Type.String(),
  environment: nullable(Type.String()),
  lastBackups: Type.Array(Type.String()),
})
export type DeletedResult = Static<typeof DeletedResult>

/** `result` of a dry run of an import of code or files */
export const ImportPlan = Type.Object({
  added: size,
  changed: size,
  removed: size,
  examples: Type.Array(Type.Object({ change: Type.Enum(['added', 'changed', 'removed']), path: Type.String() })),
  warnings: Type.Array(WarningView),
})
export type ImportPlan = Static<typeof ImportPlan>

/** `result` of a search and replace, dry or not */
export const ReplaceResult = Type.Object({
  dryRun: Type.Boolean(),
  cells: size,
  replacements: size,
  tables: Type.Array(Type.Object({ table: Type.String(), cells: size, replacements: size })),
  samples: Type.Array(Type.Object({ table: Type.String(), column: Type.String(), before: Type.String(), after: Type.String() })),
  release: nullable(Type.Integer()),
})
export type ReplaceResult = Static<typeof ReplaceResult>

/** `skip`: how many of the newest commits to leave out */
export const CodeLogQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000 })),
})
export type CodeLogQuery = Static<typeof CodeLogQuery>

export const CodeCommit = Type.Object({
  hash: Type.String(),
  parents: Type.Array(Type.String()),
  author: Type.String(),
  email: Type.String(),
  date: Type.String({ format: 'date-time' }),
  /** The first line of the message, and all of it */
  subject: Type.String(),
  message: Type.String(),
  /** Names of the tags that stand on it */
  tags: Type.Array(Type.String()),
  /** Environments of the site whose current release holds it */
  environments: Type.Array(Type.String()),
  /** The environment that is asked is one of them */
  deployed: Type.Boolean(),
})
export type CodeCommit = Static<typeof CodeCommit>

/** Newest first. `more`: older ones follow */
export const CodeLog = Type.Object({ commits: Type.Array(CodeCommit), more: Type.Boolean() })
export type CodeLog = Static<typeof CodeLog>
