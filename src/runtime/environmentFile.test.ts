import { expect, test } from 'vitest'
import { environmentFile } from './environmentFile.ts'
import { environmentFacts } from './testing.suite.ts'

test('a site finds every variable of the host that its code was written for', () => {
  const { variables } = environmentFile(environmentFacts({ framework: 'drupal8', docroot: 'web' }))
  expect(Object.keys(variables).toSorted()).toEqual([
    'AUTH_KEY',
    'AUTH_SALT',
    'BACKDROP_SETTINGS',
    'CAIRN_CRON_PAUSED',
    'CAIRN_URL',
    'DB_HOST',
    'DB_NAME',
    'DB_PASSWORD',
    'DB_PORT',
    'DB_USER',
    'DOCROOT',
    'DRUPAL_HASH_SALT',
    'FILEMOUNT',
    'FRAMEWORK',
    'LOGGED_IN_KEY',
    'LOGGED_IN_SALT',
    'NONCE_KEY',
    'NONCE_SALT',
    'PANTHEON_DEPLOYMENT_IDENTIFIER',
    'PANTHEON_ENVIRONMENT',
    'PANTHEON_INFRASTRUCTURE_ENVIRONMENT',
    'PANTHEON_ROLLING_TMP',
    'PANTHEON_SITE',
    'PANTHEON_SITE_NAME',
    'PRESSFLOW_SETTINGS',
    'SECURE_AUTH_KEY',
    'SECURE_AUTH_SALT',
  ])
  expect(variables).toMatchObject({ FRAMEWORK: 'drupal8', DOCROOT: '/web', DB_HOST: '127.0.0.1', DB_PORT: '3399' })
})

test('PRESSFLOW_SETTINGS holds the database, the paths and the salt', () => {
  const { variables } = environmentFile(environmentFacts({ framework: 'drupal7', filesPath: 'sites/default/files' }))
  const settings = JSON.parse(variables['PRESSFLOW_SETTINGS'] ?? '')
  expect(settings).toMatchObject({
    databases: {
      default: { default: { driver: 'mysql', host: '127.0.0.1', port: 3399, username: 'r_1', database: 'c_1', prefix: 'wp_' } },
    },
    conf: {
      pantheon_environment: 'dev',
      file_public_path: 'sites/default/files',
      file_private_path: 'sites/default/files/private',
      page_compression: false,
    },
    drupal_hash_salt: 'hash salt',
  })
})

test('an empty database says so, so that a new Drupal goes to its installer', () => {
  const { database } = environmentFacts({})
  const { variables } = environmentFile(environmentFacts({ database: { ...database, isEmpty: true } }))
  expect(variables['PANTHEON_DATABASE_STATE']).toBe('empty')
})

test('the constants are those of the environment: live sends its cron, a network keeps its addresses', () => {
  const of = (change: Parameters<typeof environmentFacts>[0]) => environmentFile(environmentFacts(change)).constants
  expect(of({ environment: 'dev' })).toMatchObject({
    WP_HOME: 'http://dev-shop.localhost:7071',
    DB_HOST: '127.0.0.1:3399',
    WP_ENVIRONMENT_TYPE: 'development',
    DISABLE_WP_CRON: true,
  })
  expect(of({ coreFolder: 'wordpress' })).toMatchObject({
    WP_HOME: 'http://dev-shop.localhost:7071',
    WP_SITEURL: 'http://dev-shop.localhost:7071/wordpress',
  })
  expect(of({ environment: 'dev' })).not.toHaveProperty('DISALLOW_FILE_MODS')
  expect(of({ environment: 'test' })).toMatchObject({ WP_ENVIRONMENT_TYPE: 'staging', DISALLOW_FILE_MODS: true })
  expect(of({ environment: 'live' })).toMatchObject({ WP_ENVIRONMENT_TYPE: 'production', DISALLOW_FILE_MODS: true })
  expect(of({ environment: 'live' })).not.toHaveProperty('DISABLE_WP_CRON')
  expect(of({ framework: 'wordpress_network' })).not.toHaveProperty('WP_HOME')
  expect(of({ framework: 'backdrop' })).toEqual({ PANTHEON_ENVIRONMENT: 'dev' })
})

test('the boot check finds the database at the default socket', () => {
  const { boot } = environmentFile(environmentFacts({}))
  expect(boot.variables).toMatchObject({ DB_HOST: 'localhost', DB_PORT: '3399' })
  expect(boot.constants).toMatchObject({ DB_HOST: 'localhost:3399' })
  expect(environmentFile(environmentFacts({ environment: 'live' })).boot.constants).toMatchObject({ DISABLE_WP_CRON: true })
  expect(JSON.parse(boot.variables['PRESSFLOW_SETTINGS'] ?? '').databases.default.default.host).toBe('localhost')
})
