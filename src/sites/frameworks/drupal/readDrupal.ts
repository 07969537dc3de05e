import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../../../base/failure.ts'
import { type PhpValue, toText, Unknown } from '../../php/values.ts'
import type { FurtherFiles, SiteFacts, SitePlace } from '../facts.ts'
import { backdropPaths } from './backdropPaths.ts'
import { type Connection, connectionOf, connectionOfUrl } from './connection.ts'
import { fromDocroot, readSettings, type Settings, settingText } from './readSettings.ts'
import { findSiteDirectories, type SiteDirectory } from './siteDirectories.ts'

export type DrupalFramework = 'drupal7' | 'drupal8' | 'backdrop'

const rootConstant = { drupal7: 'DRUPAL_ROOT', drupal8: 'DRUPAL_ROOT', backdrop: 'BACKDROP_ROOT' }

/**
 * Reads how a Drupal or Backdrop is configured, from text alone; of several sites on one code, one. What cannot be known is
 * null, with a note that says why.
 *
 * @throws {Failure} CMS_AMBIGUOUS where several sites stand there and none was chosen; CMS_NOT_FOUND for one that is not there
 */
export function readDrupal(framework: DrupalFramework, place: SitePlace): SiteFacts {
  const constants = { [rootConstant[framework]]: place.docroot }
  const found = findSiteDirectories(place.docroot, framework === 'backdrop').map((site) => {
    const settings = readSettings(place, site, constants)
    return { site, settings, connection: findConnection(settings, place) }
  })
  const chosen = choose(found, place)
  const settings = chosen?.settings ?? { variables: new Map(), configFiles: [], asked: [], notes: [] }
  const name = chosen?.site.name ?? (framework === 'backdrop' ? '.' : 'sites/default')
  const connection = chosen?.connection ?? findConnection(settings, place)
  const notes = [
    ...(chosen === null ? [`No settings.php stands in "${join(place.docroot, name)}"`] : settings.notes),
    ...connection.notes,
    ...aboutVendor(place),
  ]
  const others = found.filter(({ site }) => site !== chosen?.site)
  if (others.length > 0) {
    const names = others.map(({ site }) => site.name).join(', ')
    notes.push(`This code serves ${names} too: their directories are left out, and a restore of code changes it for them as well`)
  }
  if (connection.credentials === null && settings.asked.length > 0)
    notes.push(`The settings ask for environment variables that Cairn does not see: ${settings.asked.join(', ')}`)
  const paths = pathsOf(framework, place, name, settings, notes)
  return {
    framework,
    contentDirectory: join(place.docroot, name),
    ...paths,
    configFiles: [...new Set([...settings.configFiles, ...otherConfig(place, name)])],
    configAbove: null,
    url: quietText(settings.variables.get('base_url')),
    tablePrefix: connection.credentials === null ? connection.prefix : (connection.prefix ?? ''),
    credentials: connection.credentials,
    refusal: connection.refusal ?? sharedWith(connection, others),
    notes,
  }
}

interface Candidate {
  site: SiteDirectory
  settings: Settings
  connection: Connection
}

function choose(found: Candidate[], { docroot, siteDirectory }: SitePlace): Candidate | null {
  if (siteDirectory !== null) {
    const wanted = siteDirectory.replace(/^\.?\/+|\/+$/g, '')
    const chosen = found.find(
      ({ site: { name } }) => name === wanted || name === `sites/${wanted}` || (name === '.' && wanted === 'default'),
    )
    if (chosen !== undefined) return chosen
    throw new Failure('CMS_NOT_FOUND', `Cannot find the site directory "${siteDirectory}" in "${docroot}"`, {
      hint:
        found.length === 0 ? 'No directory there has a settings.php' : `It has ${found.map(({ site }) => site.name).join(', ')}`,
    })
  }
  // a settings.php without a database is the one that Drupal came with
  const installed = found.filter(({ connection }) => connection.credentials !== null || connection.notes.length > 0)
  const [first = null, ...others] = installed.length === 0 ? found : installed
  if (others.length === 0) return first
  throw new Failure(
    'CMS_AMBIGUOUS',
    `Cannot choose a site in "${docroot}": its code serves ${installed.map(({ site }) => site.name).join(' and ')}`,
    {
      hint: `Attach each by itself: give the one that is meant with --site-directory, for example ${basename(first?.site.name ?? '')}`,
    },
  )
}

function findConnection({ variables }: Settings, { environment }: SitePlace): Connection {
  const forms = [
    () => connectionOf(variables.get('databases')),
    () => connectionOfUrl(variables.get('database'), variables.get('database_prefix'), '$database'),
    () => connectionOfUrl(variables.get('db_url'), variables.get('db_prefix'), '$db_url'),
    () => connectionOfUrl(environment?.['DATABASE_URL'], undefined, 'DATABASE_URL'),
  ]
  const notes: string[] = []
  for (const form of forms) {
    const connection = form()
    if (connection.credentials !== null) return connection
    notes.push(...connection.notes)
  }
  return { credentials: null, prefix: null, refusal: null, notes }
}

/** Two sites in one database: a restore of one would put back the tables of the other. */
function sharedWith(own: Connection, others: Candidate[]): string | null {
  const address = addressOf(own)
  const other = address === null ? undefined : others.find(({ connection }) => addressOf(connection) === address)
  if (other === undefined) return null
  return `its database "${own.credentials?.database ?? ''}" also holds the tables of ${other.site.name} (prefix "${other.connection.prefix ?? ''}"): a restore would change that site too`
}

function addressOf({ credentials }: Connection): string | null {
  if (credentials === null || credentials.place === null || credentials.database === null) return null
  const { host, port, socket } = credentials.place
  return JSON.stringify([socket ?? host ?? 'localhost', socket === null ? (port ?? 3306) : null, credentials.database])
}

type Paths = Pick<SiteFacts, 'filesDirectory' | 'filesFixed' | 'privateFixed' | 'furtherFiles'>

function pathsOf(framework: DrupalFramework, place: SitePlace, name: string, settings: Settings, notes: string[]): Paths {
  const from = (path: string): string => fromDocroot(place.docroot, path)
  const byDefault = name === '.' ? 'files' : `${name}/files`
  if (framework === 'backdrop') {
    const paths = backdropPaths(place.docroot, settings, notes)
    return {
      filesDirectory: from(paths.publicFiles ?? byDefault),
      filesFixed: true,
      privateFixed: true,
      furtherFiles: [...named('private', paths.privateFiles), ...outside('config', paths.configDirectories, place)],
    }
  }
  const variable = framework === 'drupal7' ? 'conf' : 'settings'
  const publicFiles = settingText(settings, variable, 'file_public_path', notes)
  const privateFiles = settingText(settings, variable, 'file_private_path', notes)
  const sync = framework === 'drupal8' ? settingText(settings, 'settings', 'config_sync_directory', notes) : null
  const fixed = framework === 'drupal8'
  return {
    filesDirectory: from(publicFiles ?? byDefault),
    filesFixed: fixed || publicFiles !== null,
    privateFixed: fixed || privateFiles !== null,
    furtherFiles: [
      ...named('private', privateFiles === null ? null : from(privateFiles)),
      ...outside('config', sync === null ? [] : [from(sync)], place),
    ],
  }
}

function named(at: string, directory: string | null): FurtherFiles[] {
  return directory === null ? [] : [{ at, directory }]
}

/** Configuration in files that neither the code nor the files element would hold. */
function outside(at: string, directories: string[], { codeRoot }: SitePlace): FurtherFiles[] {
  return directories
    .filter((directory) => !`${directory}/`.startsWith(`${codeRoot}/`))
    .map((directory) => ({ at: directories.length === 1 ? at : `${at}-${basename(directory)}`, directory }))
}

/** Attached by its docroot, a site that Composer builds would lack its libraries. */
function aboutVendor({ codeRoot, docroot }: SitePlace): string[] {
  const above = dirname(codeRoot)
  if (codeRoot !== docroot || existsSync(join(docroot, 'vendor')) || !existsSync(join(above, 'vendor/autoload.php'))) return []
  return [`Its libraries stand in "${above}/vendor", outside of this code: attach "${above}" instead, so that backups hold them`]
}

function otherConfig({ codeRoot, docroot }: SitePlace, name: string): string[] {
  const inRoots = [codeRoot, docroot].flatMap((directory) =>
    ['.env', '.env.local', '.user.ini'].map((file) => join(directory, file)),
  )
  return [join(docroot, name, 'settings.local.php'), ...inRoots].filter((path) => existsSync(path))
}

function quietText(value: PhpValue | undefined): string | null {
  const text = value === undefined || value === null ? null : toText(value)
  return text instanceof Unknown || text === '' ? null : text
}
