import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'
import type { StoredDdl } from '../../elements/database/objects.ts'
import { quoteName } from '../../elements/database/sqlText.ts'

/** old: what stood there before the restore; new: what the restore brings. */
export type Side = 'old' | 'new'
export type Direction = 'forward' | 'back'

export interface ForeignKey {
  table: string
  name: string
  /** What stands behind `ALTER TABLE … ADD` */
  definition: string
}

/** What a side has besides its tables, as statements that make it. */
export interface SideObjects {
  foreignKeys: ForeignKey[]
  /** The names of the indexes of each table that has foreign keys: adding one may rename a generated index */
  indexes: Record<string, string[]>
  objects: StoredDdl[]
}

export interface PlannedTable {
  name: string
  /** Its number in staged names; never changes */
  index: number
  /** Whether the side has a table of this name */
  old: boolean
  new: boolean
}

/** Everything a flip needs, written once and synced before the first change; which tables moved is asked of the server. */
export interface DatabasePlan {
  version: 1
  id: string
  /** own: staged in the site's schema by its own account; admin: in a second schema, under locked accounts */
  mode: 'own' | 'admin'
  schema: string
  tables: PlannedTable[]
  old: SideObjects
  new: SideObjects
  /** Accounts of the site that a flip locks, as SQL writes them, without those that were locked before; empty for `own` */
  accounts: string[]
}

/** prepared: staged, nothing changed; moving: a flip began; done: it ended. `fenced`: the site's accounts may be locked by us. */
export type PlanState = ({ phase: 'prepared' } | { phase: 'moving' | 'done'; direction: Direction }) & { fenced: boolean }

const planFile = (directory: string): string => join(directory, 'database-plan.json')
const stateFile = (directory: string): string => join(directory, 'database-state.json')

export function writePlan(directory: string, plan: DatabasePlan): void {
  writeFileDurably(planFile(directory), JSON.stringify(plan))
}

export function writeState(directory: string, state: PlanState): void {
  writeFileDurably(stateFile(directory), JSON.stringify(state))
}

/** The plan and its state, or null when staging never ended. @throws {Failure} UNDO_MISSING when the files cannot be read */
export function readPlan(directory: string): { plan: DatabasePlan; state: PlanState } | null {
  if (!existsSync(stateFile(directory))) return null
  try {
    const plan = JSON.parse(readFileSync(planFile(directory), 'utf8')) as DatabasePlan
    const state = JSON.parse(readFileSync(stateFile(directory), 'utf8')) as PlanState
    return { plan, state }
  } catch (cause) {
    throw new Failure('UNDO_MISSING', `Cannot read the plan of the database in "${directory}": its files are damaged`, { cause })
  }
}

/** @throws {Failure} UNDO_MISSING */
export function needPlan(directory: string): { plan: DatabasePlan; state: PlanState } {
  const found = readPlan(directory)
  if (found === null) throw new Failure('UNDO_MISSING', `Cannot change the database: nothing is staged in "${directory}"`)
  return found
}

/** The letters and digits of an id as they stand in names of tables and schemas; a server may fold case. */
export function planId(id: string): string {
  const plain = id.toLowerCase()
  if (!/^[0-9a-z]{1,26}$/.test(plain)) throw new Error(`planId: "${id}" is no id`)
  return plain
}

export function stagedPrefix(plan: Pick<DatabasePlan, 'id'>): string {
  return `_cairn${plan.id}_`
}

/** The second schemas of `admin`: incoming holds what the new side is not showing, outgoing what the old side is not. */
export function asideSchema(plan: Pick<DatabasePlan, 'id'>, side: Side): string {
  return `cairn_${plan.id}_${side === 'new' ? 'in' : 'out'}`
}

/** Where a side's table stands while the other side is live: schema and name. */
export function asideName(plan: DatabasePlan, table: PlannedTable, side: Side): { schema: string; name: string } {
  if (plan.mode === 'admin') return { schema: asideSchema(plan, side), name: table.name }
  return { schema: plan.schema, name: `${stagedPrefix(plan)}${side === 'new' ? 'i' : 'o'}${table.index}` }
}

export function qualified(place: { schema: string; name: string }): string {
  return `${quoteName(place.schema)}.${quoteName(place.name)}`
}
