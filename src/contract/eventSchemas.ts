/**
 * What `GET /v1/events` tells, as server-sent events with ids: `workflow` carries a whole `WorkflowView`. A client that comes
 * back with `Last-Event-ID` is told what it missed.
 */
import { type Static, type TSchema, Type } from 'typebox'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** The first one. `missed`: not all that came since can be told, so what was read before is to be read again */
export const HelloEvent = Type.Object({ instance: Type.String(), missed: Type.Boolean() })
export type HelloEvent = Static<typeof HelloEvent>

/** Somebody changed something; what it is now is to be asked for. */
export const ChangeEvent = Type.Object({
  action: Type.String(),
  site: nullable(Type.String()),
  environment: nullable(Type.String()),
  /** A backup, link or person by its id */
  object: nullable(Type.String()),
})
export type ChangeEvent = Static<typeof ChangeEvent>
