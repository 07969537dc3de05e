import { expect, test } from 'vitest'
import type { Catalogue } from '../sites/catalogue.ts'
import type { Environment } from '../sites/environment.ts'
import { findServed } from './findServed.ts'

const environment = (site: string, name: string, url: string | null, managed: object | null = {}): Environment =>
  ({ ...{ id: `${site}.${name}`, site, name, url, managed }, codeRoot: '/c', docroot: '/c/web' }) as unknown as Environment

/** What the catalogue has: a row of long ago with an address that nobody can read stands first. */
const rows = [
  environment('broken', 'live', 'http://x:99999'),
  environment('broken', 'test', 'http://300.300.300.300'),
  environment('attached', 'live', 'https://attached.example', null),
  environment('shop', 'live', 'https://www.shop.example.'),
  environment('shop', 'dev', 'http://dev-shop.localhost:7071'),
]
const sites = {
  listSites: async () => [...new Set(rows.map(({ site }) => site))].map((name) => ({ name })),
  listEnvironments: async (site: string) => rows.filter((row) => row.site === site),
} as unknown as Catalogue

const found = async (host: string) => (await findServed(sites, host))?.place.id ?? null

test('an address that cannot be read hides no other one', async () => {
  expect(await found('www.shop.example')).toBe('shop.live')
  expect(await found('nobody.example')).toBeNull()
})

test('a name of the gateway is that environment; one that is attached is never shown', async () => {
  expect(await found('dev-shop.localhost')).toBe('shop.dev')
  expect(await found('test-shop.localhost')).toBeNull()
  expect(await found('attached.example')).toBeNull()
})
