import type { KeyObject } from 'node:crypto'
import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid, parseUlid, type Ulid } from '../base/ids.ts'
import { seal, unseal } from '../base/seal.ts'
import { type Framework, frameworks } from '../contract/words.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import { type AdminCredentials, guardCredentials } from './credentials.ts'
import type { Environment } from './environment.ts'
import { parseEnvironmentName, parseSiteName } from './names.ts'

export interface Site {
  name: string
  label: string | null
  framework: Framework
  /** Names of its environments: dev, test and live first */
  environments: string[]
  createdAt: Date
}

export type NewEnvironment = Omit<Environment, 'id' | 'createdAt' | 'kind'> & { label?: string | null }

/** Which sites and environments there are. Passwords are sealed at rest, each for its own row. */
export interface Catalogue {
  /** @throws {Failure} SITE_TAKEN when the environment exists, or the site is of another framework */
  attach(input: NewEnvironment): Promise<Environment>
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
}

export function openCatalogue({ db, key }: { db: Kysely<StateTables>; key: KeyObject }): Catalogue {
  const rowsOf = (site: string): Promise<Row<'environment'>[]> =>
    db.selectFrom('environment').selectAll().where('site', '=', site).orderBy('created_at').execute()

  const findSiteRow = async (name: string): Promise<Row<'site'>> => {
    const row = await db.selectFrom('site').selectAll().where('name', '=', name).executeTakeFirst()
    if (row !== undefined) return row
    throw new Failure('SITE_NOT_FOUND', `Cannot find site "${name}": no site has this name`, {
      hint: 'cairn site:list shows those there are',
    })
  }

  const catalogue: Catalogue = {
    async attach({ label = null, ...input }) {
      const environment: Environment = {
        ...input,
        site: parseSiteName(input.site),
        name: parseEnvironmentName(input.name),
        id: newUlid(),
        kind: 'attached',
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
        const inserted = await work
          .insertInto('environment')
          .values(toRow(environment, key))
          .onConflict((conflict) => conflict.columns(['site', 'name']).doNothing())
          .returning('id')
          .executeTakeFirst()
        if (inserted === undefined) throw taken(environment)
      })
      return environment
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
      if (row === undefined)
        throw new Failure('ENVIRONMENT_NOT_FOUND', `Cannot find the environment with id "${id}": it was removed`)
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
  }
  return catalogue
}

interface Secrets {
  password: string
  adminDatabase: AdminCredentials | null
}

const aboutSecrets = (id: Ulid): string => `environment ${id}`

function toRow(environment: Environment, key: KeyObject) {
  const { id, site, name, kind, codeRoot, docroot, url, createdAt, adminDatabase, database, ...facts } = environment
  const { password, ...open } = database
  const secrets: Secrets = { password, adminDatabase }
  return {
    id,
    site,
    name,
    kind,
    docroot,
    url,
    code_root: codeRoot,
    created_at: createdAt,
    facts: json({ ...facts, database: open }),
    secrets: seal(key, aboutSecrets(id), Buffer.from(JSON.stringify(secrets))),
  }
}

/** What `toRow` put into the facts; rows are written by it alone. */
type Facts = Pick<
  Environment,
  | 'framework'
  | 'version'
  | 'coreDirectory'
  | 'contentDirectory'
  | 'filesDirectory'
  | 'furtherFiles'
  | 'tablePrefix'
  | 'configFiles'
  | 'configAbove'
  | 'phpReload'
> & { database: Omit<Environment['database'], 'password'> }

function fromRow(row: Row<'environment'>, key: KeyObject): Environment {
  const id = parseUlid(row.id)
  const { database, ...facts } = row.facts as unknown as Facts
  if (row.secrets === null)
    throw new Failure('CREDENTIALS_UNKNOWN', `Cannot open "${row.site}.${row.name}": its credentials are missing`)
  const secrets = JSON.parse(unseal(key, aboutSecrets(id), row.secrets).toString()) as Secrets
  return {
    ...facts,
    furtherFiles: facts.furtherFiles ?? [], // rows of the first version have none
    id,
    site: parseSiteName(row.site),
    name: parseEnvironmentName(row.name),
    kind: 'attached',
    codeRoot: row.code_root,
    docroot: row.docroot,
    url: row.url,
    database: guardCredentials({ ...database, password: secrets.password }),
    adminDatabase: secrets.adminDatabase,
    createdAt: row.created_at,
  }
}

const ranks = ['dev', 'test', 'live']

function byRank(left: string, right: string): number {
  return rank(left) - rank(right) || left.localeCompare(right)
}

function siteFrom(row: Row<'site'>, environments: string[]): Site {
  const framework = frameworks.find((known) => known === row.framework) ?? 'wordpress'
  return { name: row.name, label: row.label, framework, environments: environments.sort(byRank), createdAt: row.created_at }
}

function taken({ site, name }: Environment): Failure {
  return new Failure('SITE_TAKEN', `Cannot attach "${site}.${name}": this environment exists already`, {
    hint: `Choose another environment of "${site}", or see it with cairn env:info ${site}.${name}`,
  })
}

function otherFramework(site: string, held: string, asked: string): Failure {
  return new Failure('SITE_TAKEN', `Cannot attach an environment of ${asked} to "${site}": its others are of ${held}`, {
    hint: 'All environments of a site are of one framework; choose another site name',
  })
}

function rank(name: string): number {
  return ranks.includes(name) ? ranks.indexOf(name) : ranks.length
}
