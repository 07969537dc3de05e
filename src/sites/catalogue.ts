import type { KeyObject } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import { type Framework, frameworks } from '../contract/words.ts'
import type { Row, StateTables } from '../state/tables.ts'
import type { Environment, ReleaseFacts } from './environment.ts'
import { fromRow, toRow } from './environmentRow.ts'
import { byRank, type EnvironmentName, parseEnvironmentName, parseSiteName, type SiteName } from './names.ts'
import { notYet, ownIdentity, takeIdentity } from './newManaged.ts'
import { hostOf, orAddressTaken } from './ownHost.ts'

export interface Site {
  name: string
  label: string | null
  framework: Framework
  /** Names of its environments: dev, test and live first */
  environments: string[]
  createdAt: Date
}

export type NewEnvironment = Omit<Environment, 'id' | 'createdAt' | 'kind' | 'managed'> & {
  label?: string | null
  /** It is attached already: takes the place of what was known, so that its backups stay its own */
  again?: boolean
}

export interface NewManaged {
  site: SiteName
  name: EnvironmentName
  /** Absolute, no links in it; nothing has to stand there yet */
  directory: string
  url: string | null
  /** The workflow that makes it */
  madeBy?: string
}

/** Which sites and environments there are. Passwords are sealed at rest, each for its own row. */
export interface Catalogue {
  /**
   * @throws {Failure} SITE_TAKEN when the environment exists, or the site is of another framework; ENVIRONMENT_NOT_FOUND,
   * PREFLIGHT_REFUSED for `again` where there is none, or a managed one
   */
  attach(input: NewEnvironment): Promise<Environment>
  /**
   * A site that has no environment yet: from now on its name is taken.
   *
   * @throws {Failure} SITE_TAKEN, SITE_NAME_INVALID
   */
  createSite(input: { name: string; label?: string | null; framework: Framework }): Promise<Site>
  /** Null takes the label away: a site without one is called by its name. @throws {Failure} SITE_NOT_FOUND */
  labelSite(name: string, label: string | null): Promise<void>
  /**
   * A managed environment without a release, of the site's framework, with a uid that no environment ever had. Everything
   * else of it comes with `updateRelease`.
   *
   * @throws {Failure} SITE_NOT_FOUND, SITE_TAKEN when the environment exists, INPUT_INVALID as of `setUrl`
   */
  addManaged(input: NewManaged): Promise<Environment>
  /**
   * Follows what `current` points at, and tells the site and its environments without a release of which framework it is: a new
   * site only knows when its code was read. Safe to repeat.
   *
   * @throws {Failure} ENVIRONMENT_NOT_FOUND
   */
  updateRelease(id: string, facts: ReleaseFacts): Promise<Environment>
  /**
   * The address at which an environment is visited.
   *
   * @throws {Failure} ENVIRONMENT_NOT_FOUND, INPUT_INVALID where another managed environment has its host, whatever port and scheme
   */
  setUrl(id: string, url: string | null): Promise<Environment>
  /** @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND */
  find(site: string, environment: string): Promise<Environment>
  findById(id: string): Promise<Environment>
  /** @throws {Failure} SITE_NOT_FOUND */
  findSite(name: string): Promise<Site>
  listSites(): Promise<Site[]>
  /** @throws {Failure} SITE_NOT_FOUND */
  listEnvironments(site: string): Promise<Environment[]>
  /** Forgets an environment, and its site with the last one. Touches neither the site's own data nor backups. */
  remove(site: string, environment: string): Promise<void>
  /** Forgets a site that has no environments (any more); one that has some stays, and so does one that is not there. */
  removeEmptySite(name: string): Promise<void>
}

export interface CatalogueOptions {
  db: Kysely<StateTables>
  key: KeyObject
  /** As root, the uids of managed environments begin here @default {200000} */
  uidBase?: number
}

export function openCatalogue({ db, key, uidBase = 200_000 }: CatalogueOptions): Catalogue {
  const rowsOf = (site: string): Promise<Row<'environment'>[]> =>
    db.selectFrom('environment').selectAll().where('site', '=', site).orderBy('created_at').execute()

  const followFramework = async ({ site, framework }: Environment): Promise<void> => {
    await db.updateTable('site').set({ framework }).where('name', '=', site).where('framework', '!=', framework).execute()
    await sql`update environment set facts = jsonb_set(facts, '{framework}', to_jsonb(${framework}::text))
      where site = ${site} and facts->'managed'->>'release' = '0' and facts->>'framework' != ${framework}`.execute(db)
  }

  const findSiteRow = async (name: string): Promise<Row<'site'>> => {
    const row = await db.selectFrom('site').selectAll().where('name', '=', name).executeTakeFirst()
    if (row !== undefined) return row
    throw new Failure('SITE_NOT_FOUND', `Cannot find site "${name}": no site has this name`, {
      hint: 'cairn site:list shows those there are',
    })
  }

  const insert = async (work: Kysely<StateTables>, environment: Environment, verb: string): Promise<void> => {
    const inserted = await work
      .insertInto('environment')
      .values({ ...toRow(environment, key), host: hostOf(environment) })
      .onConflict((conflict) => conflict.columns(['site', 'name']).doNothing())
      .returning('id')
      .executeTakeFirst()
    if (inserted === undefined) throw taken(environment, verb)
  }

  /** Reads, changes and writes one row, with nobody between. */
  const change = (id: string, changed: (environment: Environment) => Environment): Promise<Environment> =>
    db.transaction().execute(async (work) => {
      const row = await work.selectFrom('environment').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (row === undefined) throw removed(id)
      const before = fromRow(row, key)
      const environment = changed(before)
      const { id: _, ...values } = toRow(environment, key)
      const moved = environment.url === before.url ? {} : { host: hostOf(environment) }
      await work
        .updateTable('environment')
        .set({ ...values, ...moved })
        .where('id', '=', id)
        .execute()
      return environment
    })

  const catalogue: Catalogue = {
    async attach({ label = null, again = false, ...input }) {
      const environment: Environment = {
        ...input,
        site: parseSiteName(input.site),
        name: parseEnvironmentName(input.name),
        id: newUlid(),
        kind: 'attached',
        managed: null,
        createdAt: new Date(),
      }
      await db.transaction().execute(async (work) => {
        const { site, framework } = environment
        await work
          .insertInto('site')
          .values({ name: site, label, framework })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
        const held = await work
          .selectFrom('site')
          .select('framework')
          .where('name', '=', site)
          .forUpdate()
          .executeTakeFirstOrThrow()
        if (held.framework !== framework) throw otherFramework(site, held.framework, framework)
        if (!again) return insert(work, environment, 'attach')
        const row = await work
          .selectFrom('environment')
          .selectAll()
          .where('site', '=', site)
          .where('name', '=', environment.name)
          .forUpdate()
          .executeTakeFirst()
        const before = row === undefined ? null : fromRow(row, key)
        if (before?.kind !== 'attached') throw notAttached(environment, before === null)
        environment.id = before.id
        environment.createdAt = before.createdAt
        const { id, ...values } = toRow(environment, key)
        await work.updateTable('environment').set(values).where('id', '=', id).execute()
      })
      return environment
    },
    async createSite({ name, label = null, framework }) {
      const site = parseSiteName(name)
      const row = await db
        .insertInto('site')
        .values({ name: site, label, framework })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      if (row !== undefined) return siteFrom(row, [])
      throw new Failure('SITE_TAKEN', `Cannot create site "${site}": it exists already`, {
        hint: `Choose another name, or see it with cairn site:info ${site}`,
      })
    },
    async labelSite(name, label) {
      await findSiteRow(name)
      await db.updateTable('site').set({ label }).where('name', '=', name).execute()
    },
    async addManaged({ site, name, directory, url, madeBy }) {
      const { framework } = await findSiteRow(site)
      const id = newUlid()
      const adding = db.transaction().execute(async (work) => {
        // the site cannot go away between
        await work.selectFrom('site').select('name').where('name', '=', site).forUpdate().executeTakeFirstOrThrow()
        const identity = process.geteuid?.() === 0 ? await takeIdentity(work, id, uidBase) : ownIdentity()
        const environment = notYet({
          id,
          site,
          name,
          framework: knownFramework(framework),
          directory,
          url,
          madeBy: madeBy ?? null,
          ...identity,
        })
        await insert(work, environment, 'create')
        return environment
      })
      return orAddressTaken(db, { site, name, url }, adding)
    },
    async updateRelease(id, { release, schema, commit, derived, ...facts }) {
      const changed = await change(id, (environment) => {
        if (environment.managed === null) throw new Error(`environment ${id} has no releases: it is attached`)
        return { ...environment, ...facts, managed: { ...environment.managed, release, schema, commit, derived } }
      })
      await followFramework(changed)
      return changed
    },
    async setUrl(id, url) {
      const { site, name } = await catalogue.findById(id)
      return orAddressTaken(
        db,
        { site, name, url },
        change(id, (environment) => ({ ...environment, url })),
      )
    },
    async find(site, environment) {
      await findSiteRow(site)
      const rows = await rowsOf(site)
      const row = rows.find(({ name }) => name === environment)
      if (row !== undefined) return fromRow(row, key)
      throw new Failure('ENVIRONMENT_NOT_FOUND', `Cannot find "${site}.${environment}": site "${site}" has no such environment`, {
        hint: `It has ${rows.map(({ name }) => name).join(', ')}`,
      })
    },
    async findById(id) {
      const row = await db.selectFrom('environment').selectAll().where('id', '=', id).executeTakeFirst()
      if (row === undefined) throw removed(id)
      return fromRow(row, key)
    },
    async findSite(name) {
      const row = await findSiteRow(name)
      const environments = await rowsOf(name)
      return siteFrom(
        row,
        environments.map((environment) => environment.name),
      )
    },
    async listSites() {
      const sites = await db.selectFrom('site').selectAll().orderBy('name').execute()
      const all = await db.selectFrom('environment').select(['site', 'name']).execute()
      return sites.map((row) =>
        siteFrom(
          row,
          all.filter(({ site }) => site === row.name).map(({ name }) => name),
        ),
      )
    },
    async listEnvironments(site) {
      await findSiteRow(site)
      const rows = await rowsOf(site)
      return rows.map((row) => fromRow(row, key)).sort((left, right) => byRank(left.name, right.name))
    },
    async remove(site, environment) {
      const { id } = await catalogue.find(site, environment)
      await db.transaction().execute(async (work) => {
        await work.selectFrom('site').select('name').where('name', '=', site).forUpdate().execute()
        await work.deleteFrom('environment').where('id', '=', id).execute()
        const left = await work.selectFrom('environment').select('id').where('site', '=', site).limit(1).execute()
        if (left.length === 0) await work.deleteFrom('site').where('name', '=', site).execute()
      })
    },
    async removeEmptySite(name) {
      await db.transaction().execute(async (work) => {
        await work.selectFrom('site').select('name').where('name', '=', name).forUpdate().execute()
        const left = await work.selectFrom('environment').select('id').where('site', '=', name).limit(1).execute()
        if (left.length === 0) await work.deleteFrom('site').where('name', '=', name).execute()
      })
    },
  }
  return catalogue
}

function siteFrom(row: Row<'site'>, environments: string[]): Site {
  return {
    name: row.name,
    label: row.label,
    framework: knownFramework(row.framework),
    environments: environments.sort(byRank),
    createdAt: row.created_at,
  }
}

function knownFramework(text: string): Framework {
  return frameworks.find((known) => known === text) ?? 'wordpress'
}

function removed(id: string): Failure {
  return new Failure('ENVIRONMENT_NOT_FOUND', `Cannot find the environment with id "${id}": it was removed`)
}

function taken({ site, name }: Environment, verb: string): Failure {
  return new Failure('SITE_TAKEN', `Cannot ${verb} "${site}.${name}": this environment exists already`, {
    hint: `Choose another environment of "${site}", or see it with cairn env:info ${site}.${name}; an attached one that has moved, or has other credentials, is attached once more with --again`,
  })
}

function notAttached({ site, name }: Environment, isMissing: boolean): Failure {
  const hint = `cairn site:list shows those there are`
  return isMissing
    ? new Failure('ENVIRONMENT_NOT_FOUND', `Cannot attach "${site}.${name}" again: it is not attached`, { hint })
    : new Failure('PREFLIGHT_REFUSED', `Cannot attach "${site}.${name}" again: it is managed, not attached`, { hint })
}

function otherFramework(site: string, held: string, asked: string): Failure {
  return new Failure('SITE_TAKEN', `Cannot attach an environment of ${asked} to "${site}": its others are of ${held}`, {
    hint: 'All environments of a site are of one framework; choose another site name',
  })
}
