import { expect, test } from 'vitest'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { environmentJourneys } from './environmentJourneys.ts'

const environment = (site: string, name: string, url: string, managed: object | null = { release: 1 }): Environment =>
  ({ id: `${site}.${name}`, site, name, url, managed }) as unknown as Environment

const rows = [
  environment('shop', 'dev', 'http://dev-shop.localhost:7071'),
  environment('shop', 'live', 'https://www.shop.example'),
  environment('old', 'live', 'http://x:99999'),
  environment('attached', 'live', 'https://attached.example', null),
]
const sites = {
  find: async (site: string, name: string) => rows.find((row) => row.site === site && row.name === name),
  listSites: async () => [...new Set(rows.map(({ site }) => site))].map((name) => ({ name })),
  listEnvironments: async (site: string) => rows.filter((row) => row.site === site),
}
const started: unknown[] = []
const journeys = environmentJourneys({ sites } as unknown as House, async (...what) => {
  started.push(what)
  return {} as never
})
const change = (place: string, url: string | null) => {
  const [site = '', name = ''] = place.split('.')
  return journeys.changeSettings({ site, environment: name }, { url }, { kind: 'person', id: 'P', name: 'p' })
}

test.each(['http://x:99999', 'http://300.300.300.300', 'http://.'])('"%s" is no address, and is never stored', async (url) => {
  started.length = 0
  await expect(change('shop.dev', url)).rejects.toMatchObject({ code: 'INPUT_INVALID', message: /this is no address/ })
  expect(started).toEqual([])
})

test('the address of another managed environment is refused, whatever its scheme and port', async () => {
  started.length = 0
  for (const url of ['https://www.shop.example', 'http://www.shop.example:8080', 'https://www.shop.example.'])
    await expect(change('shop.dev', url)).rejects.toMatchObject({ code: 'INPUT_INVALID', message: /"shop\.live" is visited/ })
  for (const url of ['http://test-shop.localhost', 'http://live-none.localhost:7071'])
    await expect(change('shop.dev', url)).rejects.toMatchObject({ code: 'INPUT_INVALID', message: /gateway/ })
  expect(started).toEqual([])
})

test('its own, that of an attached site, and one that nobody has are taken', async () => {
  started.length = 0
  await change('shop.live', 'http://www.shop.example')
  await change('shop.dev', 'https://attached.example')
  await change('shop.dev', 'https://dev-shop.localhost')
  await change('shop.dev', 'https://shop.localhost')
  await change('shop.dev', null)
  expect(started).toHaveLength(5)
})
