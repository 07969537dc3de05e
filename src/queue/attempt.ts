import { type Kysely, sql } from 'kysely'
import { Failure, type FailureRecord } from '../base/failure.ts'
import type { Progress, Warning } from '../contract/words.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'

const warningsMax = 1000

/**
 * One attempt at one workflow, and every write that it may make. Each is a single statement that first raises the workflow's
 * revision, and only where the attempt is still the one that counts: a predecessor that wakes late writes nothing.
 *
 * Every method throws WORKFLOW_TAKEN_OVER once the attempt no longer counts.
 */
export class Attempt {
  readonly id: string
  readonly number: number
  readonly #db: Kysely<StateTables>

  constructor(db: Kysely<StateTables>, id: string, number: number) {
    this.#db = db
    this.id = id
    this.number = number
  }

  async fence(): Promise<void> {
    const row = await sql`select 1 from workflow where ${this.#mine}`.execute(this.#db)
    if (row.rows.length === 0) throw this.takenOver()
  }

  /** Says that the attempt lives. @returns whether somebody asked for a cancel that still can be */
  async beat(): Promise<{ cancel: boolean }> {
    const { rows } = await sql<{ cancel: boolean }>`
      update workflow set beat_at = clock_timestamp() where ${this.#mine}
      returning cancel_requested and cancellable as cancel`.execute(this.#db)
    const [row] = rows
    if (row === undefined) throw this.takenOver()
    return row
  }

  steps(): Promise<Row<'step'>[]> {
    return this.#db.selectFrom('step').selectAll().where('workflow_id', '=', this.id).orderBy('position').execute()
  }

  async startStep(name: string, position: number): Promise<void> {
    await this.#write(sql`
      insert into step (workflow_id, position, name, state, attempt, started_at)
      select id, ${position}, ${name}, 'running', ${this.number}::int, clock_timestamp() from fenced
      on conflict (workflow_id, name) do update set state = 'running', attempt = excluded.attempt, position = excluded.position,
        started_at = excluded.started_at, finished_at = null, progress = null, failure = null
      returning 1`)
  }

  async setProgress(name: string, progress: Progress): Promise<void> {
    await this.#write(sql`
      update step set progress = ${json(progress)}::jsonb from fenced where workflow_id = fenced.id and name = ${name} returning 1`)
  }

  async finishStep(name: string, end: StepEnd): Promise<void> {
    const { state, progress } = end
    const output = end.state === 'succeeded' ? end.output : null
    const failure = end.state === 'succeeded' ? null : end.failure
    await this.#write(sql`
      update step set state = ${state}, finished_at = clock_timestamp(), output = ${json(output)}::jsonb,
        progress = coalesce(${progress === null ? null : json(progress)}::jsonb, progress),
        failure = ${failure === null ? null : json(failure)}::jsonb
      from fenced where workflow_id = fenced.id and name = ${name} returning 1`)
  }

  async log(level: 'info' | 'warn' | 'error', message: string): Promise<void> {
    await this.#write(sql`
      insert into workflow_log (workflow_id, at, level, message) select id, clock_timestamp(), ${level}, ${message} from fenced returning 1`)
  }

  /** Kept once, though a step that is repeated gives it again; beyond a thousand they are only in the log. */
  async warn(warning: Warning): Promise<void> {
    const added = json([warning])
    await sql`
      update workflow set revision = revision + 1, warnings = warnings || ${added}::jsonb
      where ${this.#mine} and not warnings @> ${added}::jsonb and jsonb_array_length(warnings) < ${warningsMax}`.execute(this.#db)
    await this.log('warn', warning.path === null ? warning.message : `${warning.message}: ${warning.path}`)
  }

  /** @returns false when a cancel came first */
  async pointOfNoReturn(): Promise<boolean> {
    const { rows } = await sql`
      update workflow set revision = revision + 1, cancellable = false
      where ${this.#mine} and (not cancellable or not cancel_requested) returning 1`.execute(this.#db)
    if (rows.length === 1) return true
    await this.fence()
    return false
  }

  async finish(state: 'succeeded' | 'failed' | 'cancelled', result: unknown, failure: FailureRecord | null): Promise<void> {
    const { rows } = await sql`
      with ended as (
        update workflow set revision = revision + 1, state = ${state}, finished_at = clock_timestamp(), beat_at = null,
          result = ${result === undefined ? null : json(result)}::jsonb, failure = ${failure === null ? null : json(failure)}::jsonb
        where ${this.#mine} returning id),
      steps as (
        update step set state = ${state === 'cancelled' ? 'cancelled' : 'failed'}, finished_at = clock_timestamp()
        from ended where workflow_id = ended.id and state = 'running')
      select id from ended`.execute(this.#db)
    if (rows.length === 0) throw this.takenOver()
  }

  /** Gives the workflow back unfinished, so that the next worker goes on with it at once. */
  async putBack(): Promise<void> {
    const { rows } = await sql`
      update workflow set revision = revision + 1, state = 'queued', beat_at = null, holder = null
      where ${this.#mine} returning 1`.execute(this.#db)
    if (rows.length === 0) throw this.takenOver()
  }

  /** As `putBack`; the step that is under way says why. */
  async postpone(note: string): Promise<void> {
    const nothing: Progress = { doneBytes: 0, totalBytes: null, doneItems: 0, totalItems: null, note: null }
    const { rows } = await sql`
      with postponed as (
        update workflow set revision = revision + 1, state = 'queued', beat_at = null, holder = null
        where ${this.#mine} returning id),
      steps as (
        update step set progress = coalesce(progress, ${json(nothing)}::jsonb) || ${json({ note })}::jsonb
        from postponed where workflow_id = postponed.id and state = 'running')
      select id from postponed`.execute(this.#db)
    if (rows.length === 0) throw this.takenOver()
  }

  takenOver(): Failure {
    return new Failure('WORKFLOW_TAKEN_OVER', `Cannot go on with workflow "${this.id}": another process took it over`)
  }

  get #mine() {
    return sql`id = ${this.id} and attempt = ${this.number}::int and state = 'running'`
  }

  async #write(statement: ReturnType<typeof sql>): Promise<void> {
    const { rows } = await sql`
      with fenced as (update workflow set revision = revision + 1 where ${this.#mine} returning id),
      written as (${statement})
      select id from fenced`.execute(this.#db)
    if (rows.length === 0) throw this.takenOver()
  }
}

type StepEnd =
  | { state: 'succeeded'; output: unknown; progress: Progress | null }
  | { state: 'failed' | 'cancelled'; failure: FailureRecord; progress: Progress | null }
