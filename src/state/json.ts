import type { ColumnType } from 'kysely'
import type { Brand } from '../base/ids.ts'

/** JSON on its way into a column. Only {@link json} makes it: the driver would write an array as a PostgreSQL array. */
export type JsonText = Brand<string, 'JsonText'>

/** A jsonb column: read as a value, written with `json(value)`. */
export type Json<T> = ColumnType<T, JsonText, JsonText>
/** A jsonb column that may be null; it is null when an insert leaves it out. */
export type NullableJson<T> = ColumnType<T | null, JsonText | null | undefined, JsonText | null>
/** A jsonb column with a default. */
export type DefaultJson<T> = ColumnType<T, JsonText | undefined, JsonText>

export function json(value: unknown): JsonText {
  return JSON.stringify(value ?? null) as JsonText
}
