import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { StateTables } from '../state/tables.ts'

/** Where files that come in stand until they are used: a private directory, and a row for each. */
export interface Intake {
  db: Kysely<StateTables>
  /** Absolute; a file is named by the id of its row alone */
  directory: string
  /** The largest file that is taken by upload or URL; null for none */
  limitBytes: number | null
}

/** A file that nobody used is removed after this time. */
export const uploadLifeMs = 86_400_000

export function openIntake(intake: Intake): Intake {
  mkdirSync(intake.directory, { recursive: true, mode: 0o700 })
  chmodSync(intake.directory, 0o700)
  return intake
}

export function intakePath(intake: Pick<Intake, 'directory'>, id: string): string {
  if (!/^[0-9A-Z]{26}$/.test(id)) throw new Error(`intakePath: "${id}" is no id`)
  return join(intake.directory, id)
}
