import type { KeyObject } from 'node:crypto'
import { Failure } from '../base/failure.ts'
import { parseUlid, type Ulid } from '../base/ids.ts'
import { seal, unseal } from '../base/seal.ts'
import { json } from '../state/json.ts'
import type { Row } from '../state/tables.ts'
import { type AdminCredentials, guardCredentials } from './credentials.ts'
import type { Environment, ManagedFacts } from './environment.ts'
import { parseEnvironmentName, parseSiteName } from './names.ts'

interface Secrets {
  password: string
  adminDatabase: AdminCredentials | null
}

const aboutSecrets = (id: Ulid): string => `environment ${id}`

export function toRow(environment: Environment, key: KeyObject) {
  const { id, site, name, kind, codeRoot, docroot, url, createdAt, adminDatabase, database, managed, ...facts } = environment
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
    facts: json({ ...facts, database: open, ...(managed === null ? {} : { managed }) }),
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
> & { database: Omit<Environment['database'], 'password'>; managed?: ManagedFacts }

export function fromRow(row: Row<'environment'>, key: KeyObject): Environment {
  const id = parseUlid(row.id)
  const { database, managed = null, ...facts } = row.facts as unknown as Facts
  if (row.secrets === null)
    throw new Failure('CREDENTIALS_UNKNOWN', `Cannot open "${row.site}.${row.name}": its credentials are missing`)
  const secrets = JSON.parse(unseal(key, aboutSecrets(id), row.secrets).toString()) as Secrets
  return {
    ...facts,
    furtherFiles: facts.furtherFiles ?? [], // rows of the first version have none
    id,
    site: parseSiteName(row.site),
    name: parseEnvironmentName(row.name),
    kind: managed === null ? 'attached' : 'managed',
    managed,
    codeRoot: row.code_root,
    docroot: row.docroot,
    url: row.url,
    database: guardCredentials({ ...database, password: secrets.password }),
    adminDatabase: secrets.adminDatabase,
    createdAt: row.created_at,
  }
}
