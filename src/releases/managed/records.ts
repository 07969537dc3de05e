import { type KeyObject, randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { Failure } from '../../base/failure.ts'
import { seal, unseal } from '../../base/seal.ts'
import { type Framework, frameworks } from '../../contract/words.ts'
import { type WordPressSalt, wordpressSalts } from '../../runtime/types.ts'
import { json } from '../../state/json.ts'
import type { ReleaseOrigin, ReleaseState, Row, StateTables } from '../../state/tables.ts'
import { type Names, shortId } from './names.ts'

/** One release of one environment: what it is made of, by name. Rows outlive what they name, as `dropped`. */
export interface Release {
  environmentId: string
  number: number
  state: ReleaseState
  commit: string | null
  framework: Framework
  /** Relative to the code, '' for the code itself */
  docroot: string
  filesId: string
  schema: string
  account: string
  secrets: ReleaseSecrets
  origin: ReleaseOrigin
  previous: number | null
  createdAt: Date
  currentAt: Date | null
  keepUntil: Date | null
}

export interface ReleaseSecrets {
  password: string
  checkSecret: string
  /** The environment's: they pass from release to release, or everybody would be signed out by each */
  salts: Record<WordPressSalt, string>
  hashSalt: string
}

export interface NewRelease {
  environmentId: string
  framework: Framework
  docroot: string
  commit: string | null
  /** kept: of the current release, which shares it from then on; new: of its own */
  files: 'kept' | 'new'
  database: 'kept' | 'new'
  origin: ReleaseOrigin
}

/** The rows of `release`: what there is and what it is for. They name things before these are made and after they are gone. */
export interface Releases {
  /**
   * The row of a release that is about to be prepared. A workflow that asks again gets the same one.
   *
   * @throws {Failure} INPUT_INVALID when something is to be kept and there is no current release
   */
  begin(wanted: NewRelease): Promise<Release>
  /** @throws {Failure} UNDO_MISSING when it is not there or was dropped */
  find(environmentId: string, number: number): Promise<Release>
  current(environmentId: string): Promise<Release | null>
  /** Oldest first; without those that were dropped unless asked for */
  list(environmentId: string, options?: { withDropped?: boolean }): Promise<Release[]>
  /** Of every environment that there is, those that were dropped too */
  listAll(): Promise<Release[]>
  /** Says of a release that is being prepared what its code turned out to be. */
  setCode(release: Release, code: Pick<Release, 'framework' | 'docroot' | 'commit'>): Promise<Release>
  setReady(release: Release): Promise<void>
  /** Follows the link: `to` is current, what was so before is kept until then. Safe to repeat. */
  setCurrent(environmentId: string, to: number, keepUntil: Date): Promise<void>
  setDropped(release: Pick<Release, 'environmentId' | 'number'>): Promise<void>
  /** Where an undo leads: back to what was current before, or forward again. Null when that is gone or never was. */
  undoTarget(environmentId: string, direction: 'back' | 'forward'): Promise<Release | null>
}

export function openReleases({ db, key, names }: { db: Kysely<StateTables>; key: KeyObject; names: Names }): Releases {
  const rows = (environmentId: string) =>
    db.selectFrom('release').selectAll().where('environment_id', '=', environmentId).orderBy('number')
  const opened = (row: Row<'release'> | undefined): Release | null => (row === undefined ? null : fromRow(row, key))
  const releases: Releases = {
    begin: (wanted) =>
      db.transaction().execute(async (work) => {
        const { environmentId, origin } = wanted
        await work.selectFrom('environment').select('id').where('id', '=', environmentId).forUpdate().executeTakeFirstOrThrow()
        const all = await work.selectFrom('release').selectAll().where('environment_id', '=', environmentId).execute()
        const begun = all.find(
          (row) =>
            (row.state === 'preparing' || row.state === 'ready') &&
            origin.workflow !== null &&
            row.origin.workflow === origin.workflow,
        )
        if (begun !== undefined) return fromRow(begun, key)
        const current = opened(all.find(({ state }) => state === 'current'))
        const release = newRelease(wanted, current, Math.max(0, ...all.map(({ number }) => number)) + 1, names)
        await work.insertInto('release').values(toRow(release, key)).execute()
        return release
      }),
    async find(environmentId, number) {
      const row = await rows(environmentId).where('number', '=', number).executeTakeFirst()
      if (row !== undefined && row.state !== 'dropped') return fromRow(row, key)
      throw new Failure(
        'UNDO_MISSING',
        `Cannot find release ${number}: ${row === undefined ? 'there is none' : 'it was dropped'}`,
      )
    },
    current: async (environmentId) => opened(await rows(environmentId).where('state', '=', 'current').executeTakeFirst()),
    async list(environmentId, { withDropped = false } = {}) {
      const found = await rows(environmentId).execute()
      return found.filter(({ state }) => withDropped || state !== 'dropped').map((row) => fromRow(row, key))
    },
    async listAll() {
      const found = await db.selectFrom('release').selectAll().execute()
      return found.map((row) => fromRow(row, key))
    },
    async setCode(release, { framework, docroot, commit }) {
      const found = one(release.environmentId, release.number).set({ framework, docroot, code_commit: commit })
      await found.where('state', '=', 'preparing').execute()
      return { ...release, framework, docroot, commit }
    },
    async setReady({ environmentId, number }) {
      await one(environmentId, number).set({ state: 'ready' }).where('state', '=', 'preparing').execute()
    },
    async setCurrent(environmentId, to, keepUntil) {
      await db.transaction().execute(async (work) => {
        const held = await work
          .selectFrom('release')
          .select(['number'])
          .where('environment_id', '=', environmentId)
          .where('state', '=', 'current')
          .forUpdate()
          .executeTakeFirst()
        if (held?.number === to) return
        await work
          .updateTable('release')
          .set({ state: 'kept', keep_until: keepUntil })
          .where('environment_id', '=', environmentId)
          .where('state', '=', 'current')
          .execute()
        await work
          .updateTable('release')
          .set({ state: 'current', current_at: new Date(), keep_until: null })
          // an undo leads to the one before: going there does not make the later one its predecessor
          .set({ previous: sql`case when current_at is null then ${held?.number ?? null}::int else previous end` })
          .where('environment_id', '=', environmentId)
          .where('number', '=', to)
          .execute()
      })
    },
    async setDropped({ environmentId, number }) {
      await one(environmentId, number).set({ state: 'dropped' }).where('state', '!=', 'current').execute()
    },
    async undoTarget(environmentId, direction) {
      const kept = await releases.list(environmentId)
      const current = kept.find(({ state }) => state === 'current')
      if (current === undefined) return null
      const usable = kept.filter(({ state }) => state === 'kept')
      if (direction === 'back') return usable.find(({ number }) => number === current.previous) ?? null
      const later = usable.filter(({ previous }) => previous === current.number)
      return later.sort((a, b) => Number(b.currentAt) - Number(a.currentAt))[0] ?? null
    },
  }
  return releases

  function one(environmentId: string, number: number) {
    return db.updateTable('release').where('environment_id', '=', environmentId).where('number', '=', number)
  }
}

function newRelease(wanted: NewRelease, current: Release | null, number: number, names: Names): Release {
  const { environmentId, framework, docroot, commit, files, database, origin } = wanted
  if (current === null && (files === 'kept' || database === 'kept')) {
    throw new Failure('INPUT_INVALID', 'Cannot keep the files or the database of an environment that has none yet')
  }
  const id = shortId()
  return {
    ...{ environmentId, number, commit, framework, docroot, origin },
    state: 'preparing',
    filesId: current !== null && files === 'kept' ? current.filesId : id,
    schema: current !== null && database === 'kept' ? current.schema : names.schema(id),
    account: names.account(id),
    secrets: {
      password: randomBytes(24).toString('base64url'),
      checkSecret: randomBytes(32).toString('base64url'),
      salts: current?.secrets.salts ?? newSalts(),
      hashSalt: current?.secrets.hashSalt ?? salt(),
    },
    previous: null,
    createdAt: new Date(),
    currentAt: null,
    keepUntil: null,
  }
}

function newSalts(): Record<WordPressSalt, string> {
  return Object.fromEntries(wordpressSalts.map((name) => [name, salt()])) as Record<WordPressSalt, string>
}

/** 64 letters and digits */
function salt(): string {
  return randomBytes(48).toString('base64url')
}

const about = (release: { environmentId: string; number: number }): string => `release ${release.environmentId} ${release.number}`

function toRow(release: Release, key: KeyObject) {
  const { environmentId, commit, filesId, secrets, origin, createdAt, currentAt, keepUntil, ...same } = release
  return {
    ...same,
    environment_id: environmentId,
    code_commit: commit,
    files_id: filesId,
    secrets: seal(key, about(release), Buffer.from(JSON.stringify(secrets))),
    origin: json(origin),
    created_at: createdAt,
    current_at: currentAt,
    keep_until: keepUntil,
  }
}

function fromRow(row: Row<'release'>, key: KeyObject): Release {
  const place = { environmentId: row.environment_id, number: row.number }
  const framework = frameworks.find((known) => known === row.framework)
  if (framework === undefined) throw new Error(`release ${row.number}: "${row.framework}" is no framework`)
  return {
    ...place,
    state: row.state,
    commit: row.code_commit,
    framework,
    docroot: row.docroot,
    filesId: row.files_id,
    schema: row.schema,
    account: row.account,
    secrets: JSON.parse(unseal(key, about(place), row.secrets).toString()) as ReleaseSecrets,
    origin: row.origin,
    previous: row.previous,
    createdAt: row.created_at,
    currentAt: row.current_at,
    keepUntil: row.keep_until,
  }
}
