import { Failure } from '../base/failure.ts'
import type { Served } from '../gateway/served.ts'
import { placeOf } from '../releases/managed/layout.ts'
import { hostOfAddress, parseGatewayHost } from '../sites/address.ts'
import type { Catalogue } from '../sites/catalogue.ts'
import type { Environment } from '../sites/environment.ts'

type Sites = Pick<Catalogue, 'listSites' | 'listEnvironments'>

/** The managed environment that visitors of a host name see; null for none. */
export async function findServed(sites: Sites, host: string): Promise<Served | null> {
  const named = parseGatewayHost(host)
  if (named === null) return findByAddress(sites, host)
  const environments = await sites.listEnvironments(named.site).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'SITE_NOT_FOUND') return []
    throw error
  })
  const found = environments.find(({ name, managed }) => name === named.environment && managed !== null)
  return found === undefined ? null : servedOf(found)
}

/** By an address of its own, as a proxy in front of the gateway passes it on. An address that cannot be read is nobody's. */
async function findByAddress(sites: Sites, host: string): Promise<Served | null> {
  for (const { name } of await sites.listSites()) {
    const found = (await sites.listEnvironments(name)).find(
      ({ managed, url }) => managed !== null && url !== null && hostOfAddress(url) === host,
    )
    if (found !== undefined) return servedOf(found)
  }
  return null
}

function servedOf(environment: Environment): Served {
  const { framework, codeRoot, docroot, url } = environment
  const inside = docroot.startsWith(`${codeRoot}/`) ? docroot.slice(codeRoot.length + 1) : ''
  return { place: placeOf(environment), framework, docroot: inside, isHttps: url?.startsWith('https:') ?? false }
}
