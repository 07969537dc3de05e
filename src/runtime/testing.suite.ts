import { type EnvironmentFacts, wordpressSalts } from './types.ts'

/** A dev environment of a WordPress site, but for what is given. */
export function environmentFacts(change: Partial<EnvironmentFacts>): EnvironmentFacts {
  return {
    release: 1,
    site: { uuid: '6c1b0d0e-3c38-4a54-9f0b-1f0c8f6f2f11', name: 'shop' },
    environment: 'dev',
    framework: 'wordpress',
    docroot: '',
    filesPath: 'wp-content/uploads',
    privateFiles: null,
    temporaryDirectory: '/var/lib/cairn/sites/shop/dev/tmp',
    url: 'http://dev-shop.localhost:7071',
    database: {
      host: '127.0.0.1',
      port: 3399,
      name: 'c_1',
      user: 'r_1',
      password: `a'b"c\\d$e`,
      prefix: 'wp_',
      isEmpty: false,
    },
    salts: Object.fromEntries(wordpressSalts.map((name) => [name, `salt of ${name}`])) as EnvironmentFacts['salts'],
    hashSalt: 'hash salt',
    checkSecret: 'check secret of release 1',
    ...change,
  }
}
