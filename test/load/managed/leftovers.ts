import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { releaseName } from '../../../src/releases/managed/layout.ts'

interface KnownRelease {
  site: string
  environment: string
  number: number
  state: string
  files: string
  schema: string
  account: string
  previous: number | null
  currentAt: Date | null
}

export interface Known {
  environments: { id: string; site: string; name: string }[]
  releases: KnownRelease[]
  uploads: string[]
  sessions: number
  openWorkflows: string[]
}

/** Schemas and accounts of the database server, as its administrator sees them. */
export interface OnServer {
  schemas: string[]
  accounts: { name: string; isLocked: boolean }[]
}

/**
 * What stands on the disk and on the database server beyond the environments, releases and uploads that the state database
 * knows, and what is missing of them, in words.
 *
 * @param server null where nobody but Cairn is its administrator: then its data directory tells the schemas
 */
export async function managedLeftovers(data: string, temporary: string, server: OnServer | null): Promise<string[]> {
  const known = await askState(data)
  const found: string[] = []
  const compare = (what: string, there: readonly string[], wanted: readonly string[]): void => {
    for (const name of there) if (!wanted.includes(name)) found.push(`${what}: ${name} is left over`)
    for (const name of wanted) if (!there.includes(name)) found.push(`${what}: ${name} is missing`)
  }
  const sites = [...new Set(known.environments.map(({ site }) => site))]
  compare('sites', namesIn(join(data, 'sites')), sites)
  for (const site of sites) {
    const own = known.environments.filter((environment) => environment.site === site).map(({ name }) => name)
    compare(site, namesIn(join(data, 'sites', site)), [...own, 'repository.git'])
    found.push(...leftInRepository(join(data, 'sites', site, 'repository.git')))
  }
  for (const { site, name } of known.environments) {
    const releases = known.releases.filter((release) => release.site === site && release.environment === name)
    checkEnvironment(join(data, 'sites', site, name), releases, compare)
  }
  for (const release of known.releases.filter(({ state }) => state !== 'current' && state !== 'kept'))
    found.push(`release ${release.number} of ${release.site}.${release.environment} is ${release.state}`)
  compare('intake', namesIn(join(data, 'intake')), known.uploads)
  compare('applies', namesIn(join(data, 'applies')), [])
  compare('bodies', namesIn(join(data, 'run/bodies')), [])
  compare('temporary directory', namesIn(temporary), [])
  const ids = known.environments.map(({ id }) => id)
  for (const id of namesIn(join(data, 'run/php'))) if (!ids.includes(id)) found.push(`run/php: ${id} is left over`)
  found.push(...leftOnServer(known, server ?? schemasOnDisk(data)))
  if (known.sessions > 0) found.push(`${known.sessions} sessions of writers`)
  for (const open of known.openWorkflows) found.push(`workflow ${open} is open`)
  for (const line of mounts()) if (line.includes(data)) found.push(`mount ${line}`)
  return found
}

type Compare = (what: string, there: readonly string[], wanted: readonly string[]) => void

function checkEnvironment(directory: string, releases: readonly KnownRelease[], compare: Compare): void {
  const usual = ['files', 'prepend.php', 'releases', 'tmp']
  compare(directory, namesIn(directory), releases.length === 0 ? usual : ['current', ...usual])
  const numbers = releases.map(({ number }) => releaseName(number))
  compare(`${directory}/releases`, namesIn(join(directory, 'releases')), numbers)
  compare(`${directory}/files`, namesIn(join(directory, 'files')), [...new Set(releases.map(({ files }) => files))])
  const temporary = namesIn(join(directory, 'tmp'))
  const own = releases.map(({ number }) => `release-${number}`)
  compare(
    `${directory}/tmp`,
    temporary,
    own.filter((name) => temporary.includes(name)),
  )
  for (const number of numbers) {
    const release = join(directory, 'releases', number)
    // of a backup that runs, and of an update, which must not begin once more with what it has changed
    const there = namesIn(release).filter((name) => name !== 'archive' && name !== 'updating')
    compare(release, there, ['code', 'environment.json', 'release.json'])
    compare(
      `${release}/archive`,
      namesIn(join(release, 'archive')).filter((name) => name !== 'code'),
      [],
    )
  }
}

function leftInRepository(directory: string): string[] {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const refs = `${names.filter((name) => name.startsWith('refs/')).join('\n')}\n${readOr(join(directory, 'packed-refs'))}`
  const left = names.filter((name) => /\.lock$|(^|\/)(tmp_|\.tmp-)|^\.?import-|^fast_import_crash_/.test(name))
  const work = refs.split('\n').filter((line) => /refs\/cairn\/(work|restore)\/./.test(line))
  return [...left, ...work].map((name) => `${directory}: ${name} is left over`)
}

function leftOnServer({ releases }: Known, { schemas, accounts }: OnServer): string[] {
  const found: string[] = []
  const wanted = new Set(releases.map(({ schema }) => schema))
  const owners = [...wanted].map((schema) => `o${schema.slice(1)}`)
  for (const schema of schemas) if (!wanted.has(schema)) found.push(`schema ${schema} is left over`)
  for (const schema of wanted) if (!schemas.includes(schema)) found.push(`schema ${schema} is missing`)
  for (const { name, isLocked } of accounts) {
    const release = releases.find(({ account }) => account === name)
    if (release === undefined && !owners.includes(name)) found.push(`account ${name} is left over`)
    if (release !== undefined && isLocked !== (release.state !== 'current'))
      found.push(`account ${name} of the ${release.state} release ${release.number} is ${isLocked ? 'locked' : 'open'}`)
  }
  return found
}

/** MariaDB has a directory for each schema. */
function schemasOnDisk(data: string): OnServer {
  return { schemas: namesIn(join(data, 'mysql/data')).filter((name) => name.startsWith('c_')), accounts: [] }
}

function mounts(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8').split('\n')
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).toSorted() : []
}

function readOr(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** What the state database of a running server knows. */
export async function askState(data: string): Promise<Known> {
  const client = new Client({ host: join(data, 'postgres/socket'), port: 5432, user: 'cairn', database: 'cairn' })
  await client.connect()
  const rows = async <T>(sql: string): Promise<T[]> => (await client.query(sql)).rows as T[]
  try {
    return {
      environments: await rows("select id, site, name from environment where kind = 'managed'"),
      releases: await rows(
        `select e.site, e.name as environment, r.number, r.state, r.files_id as files, r.schema, r.account, r.previous,
          r.current_at as "currentAt" from release r join environment e on e.id = r.environment_id where r.state <> 'dropped'`,
      ),
      uploads: (await rows<{ id: string }>('select id from upload')).map(({ id }) => id),
      sessions: (await rows('select 1 from write_session')).length,
      openWorkflows: (await rows<{ id: string }>("select id from workflow where state in ('queued', 'running')")).map(
        ({ id }) => id,
      ),
    }
  } finally {
    await client.end()
  }
}
