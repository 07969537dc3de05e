import type { Framework } from '../contract/words.ts'
import { type EnvironmentFacts, type EnvironmentFile, wordpressSalts } from './types.ts'

/**
 * What a running site is told about itself: the variables of the host that its code may have been written for, and the
 * constants that WordPress wants. The site's own code finds nothing else of Cairn's.
 */
export function environmentFile(facts: EnvironmentFacts): EnvironmentFile {
  const { release, checkSecret, database } = facts
  const told = (asked: EnvironmentFacts, host: string): EnvironmentFile['boot'] => ({
    variables: variablesOf(asked, host),
    constants: constantsOf(asked, host),
  })
  // mysqli and PDO take "localhost" for their default socket, whatever the port
  const boot = told({ ...facts, isCronPaused: true }, 'localhost')
  return { version: 1, release, checkSecret, ...told(facts, database.host), boot }
}

function isCronPaused({ isCronPaused, environment }: EnvironmentFacts): boolean {
  return isCronPaused ?? environment !== 'live'
}

function variablesOf(facts: EnvironmentFacts, host: string): Record<string, string> {
  const { database, site, environment, framework, release } = facts
  const settings = JSON.stringify(settingsOf(facts, host))
  return {
    FRAMEWORK: foreignName[framework],
    DOCROOT: `/${facts.docroot}`,
    FILEMOUNT: facts.filesPath,
    DRUPAL_HASH_SALT: facts.hashSalt,
    DB_HOST: host,
    DB_PORT: String(database.port),
    DB_USER: database.user,
    DB_PASSWORD: database.password,
    DB_NAME: database.name,
    CAIRN_URL: facts.url,
    PANTHEON_SITE: site.uuid,
    PANTHEON_SITE_NAME: site.name,
    PANTHEON_ENVIRONMENT: environment,
    PANTHEON_INFRASTRUCTURE_ENVIRONMENT: environment,
    PANTHEON_ROLLING_TMP: facts.temporaryDirectory,
    PANTHEON_DEPLOYMENT_IDENTIFIER: String(release),
    ...(database.isEmpty ? { PANTHEON_DATABASE_STATE: 'empty' } : {}),
    ...facts.salts,
    ...(isCronPaused(facts) ? { CAIRN_CRON_PAUSED: '1' } : {}), // for Drupal's generated settings
    PRESSFLOW_SETTINGS: settings,
    BACKDROP_SETTINGS: settings,
  }
}

/** The names that code for that host compares with. */
const foreignName: Record<Framework, string> = {
  wordpress: 'wordpress',
  wordpress_network: 'wordpress_network',
  drupal7: 'drupal',
  drupal8: 'drupal8',
  backdrop: 'backdrop',
}

function settingsOf(facts: EnvironmentFacts, host: string): Record<string, unknown> {
  const { database, environment, site } = facts
  return {
    databases: {
      default: {
        default: {
          driver: 'mysql',
          host,
          port: database.port,
          username: database.user,
          password: database.password,
          database: database.name,
          prefix: database.prefix,
        },
      },
    },
    conf: {
      pressflow_smart_start: true,
      pantheon_binding: `${environment}-${site.name}`,
      pantheon_site_uuid: site.uuid,
      pantheon_environment: environment,
      pantheon_tier: environment === 'live' ? 'live' : 'development',
      file_public_path: facts.filesPath,
      file_private_path: facts.privateFiles ?? `${facts.filesPath}/private`,
      file_temporary_path: facts.temporaryDirectory,
      file_directory_path: facts.filesPath,
      file_directory_temp: facts.temporaryDirectory,
      css_gzip_compression: false,
      js_gzip_compression: false,
      page_compression: false,
      ...(isCronPaused(facts) ? { cron_safe_threshold: 0 } : {}),
    },
    hash_salt: facts.hashSalt,
    drupal_hash_salt: facts.hashSalt,
    config_directory_name: 'config',
  }
}

function constantsOf(facts: EnvironmentFacts, host: string): Record<string, string | boolean> {
  const { database, environment, framework, url } = facts
  const constants: Record<string, string | boolean> = { PANTHEON_ENVIRONMENT: environment }
  if (framework !== 'wordpress' && framework !== 'wordpress_network') return constants
  Object.assign(constants, {
    DB_NAME: database.name,
    DB_USER: database.user,
    DB_PASSWORD: database.password,
    DB_HOST: `${host}:${database.port}`,
    WP_ENVIRONMENT_TYPE: environmentType[environment] ?? 'development',
  })
  for (const name of wordpressSalts) constants[name] = facts.salts[name]
  // a network keeps an address for each of its sites in the database
  const folder = facts.coreFolder === '' ? '' : `/${facts.coreFolder}`
  if (framework === 'wordpress') Object.assign(constants, { WP_HOME: url, WP_SITEURL: url + folder })
  else constants['DOMAIN_CURRENT_SITE'] = new URL(url).host // the host that its configuration names is the source's
  if (environment === 'test' || environment === 'live') constants['DISALLOW_FILE_MODS'] = true
  if (isCronPaused(facts)) constants['DISABLE_WP_CRON'] = true
  return constants
}

const environmentType: Record<string, string> = { live: 'production', test: 'staging' }
