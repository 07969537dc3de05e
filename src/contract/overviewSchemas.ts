/** `GET /v1/overview`: whether each environment is protected, of all sites that one sees. */
import { type Static, type TSchema, Type } from 'typebox'
import { FrameworkName } from './schemas.ts'
import { backupStates } from './words.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const size = Type.Integer({ minimum: 0 })

export const EnvironmentOverview = Type.Object({
  name: Type.String(),
  /** attached, or managed */
  kind: Type.String(),
  url: nullable(Type.String()),
  /** A managed one into which nothing was deployed yet: there is nothing to protect */
  empty: Type.Boolean(),
  /** The newest one that is listed; null where there is none */
  lastBackup: nullable(
    Type.Object({
      id: Type.String(),
      momentAt: time,
      state: Type.Enum([...backupStates]),
      warnings: size,
      archiveBytes: size,
    }),
  ),
  /** The last attempt since then, when it failed */
  failedSince: nullable(Type.Object({ workflow: Type.String(), at: time, message: Type.String() })),
  backups: size,
})
export type EnvironmentOverview = Static<typeof EnvironmentOverview>

export const SiteOverview = Type.Object({
  name: Type.String(),
  label: Type.String(),
  framework: nullable(FrameworkName),
  createdAt: time,
  /** What the archives of its listed backups would take, each downloaded once */
  archiveBytes: size,
  environments: Type.Array(EnvironmentOverview),
})
export type SiteOverview = Static<typeof SiteOverview>

export const Overview = Type.Object({ sites: Type.Array(SiteOverview) })
export type Overview = Static<typeof Overview>
