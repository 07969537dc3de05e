import { expect, test } from 'vitest'
import { factsAgainst, factsOf } from './facts.ts'

const known = {
  ...({
    framework: 'wordpress',
    version: '6.5',
    codeRoot: '/srv/old',
    docroot: '/srv/old',
    url: 'https://blog.example',
  } as const),
  ...{ filesDirectory: '/srv/old/uploads', configFiles: ['/srv/old/wp-config.php'] },
  database: { host: 'localhost', port: null, socket: null, user: 'blog', name: 'blog', passwordPresent: true, tls: null },
}

test('what is found otherwise than it was known stands beside what was known; what is the same stands alone', () => {
  expect(factsAgainst(known, known)).toEqual({ same: true, facts: factsOf(known) })
  const database = { ...known.database, user: 'blog2', passwordPresent: false }
  const { facts, same } = factsAgainst(known, { ...known, codeRoot: '/srv/new', docroot: '/srv/new/web', database })
  expect(same).toBe(false)
  expect(Object.fromEntries(facts)).toMatchObject({
    Code: '/srv/new, served from /srv/new/web (until now: /srv/old)',
    Files: '/srv/old/uploads',
    Database: 'blog as blog2 at localhost, password not found (until now: blog as blog at localhost, password found)',
  })
})
