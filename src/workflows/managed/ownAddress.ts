import { Failure } from '../../base/failure.ts'
import { hostOfAddress, parseGatewayHost } from '../../sites/address.ts'
import type { Environment } from '../../sites/environment.ts'
import { addressTaken } from '../../sites/ownHost.ts'
import type { House } from '../house.ts'

/**
 * Refuses an address that no visitor could be led by: one that is none, a name that the gateway gives to another environment, or
 * one that another managed environment has.
 *
 * @throws {Failure} INPUT_INVALID
 */
export async function requireOwnAddress(
  { sites }: { sites: Pick<House['sites'], 'listSites' | 'listEnvironments'> },
  { id, site, name }: Pick<Environment, 'id' | 'site' | 'name'>,
  url: string,
): Promise<void> {
  const refuse = (found: string, hint: string): Failure =>
    new Failure('INPUT_INVALID', `Cannot visit "${site}.${name}" at "${url}": ${found}`, { hint })
  const host = hostOfAddress(url)
  if (host === null) throw refuse('this is no address', 'Give it as in "https://www.example.com" or "http://example.com:8080"')
  const named = parseGatewayHost(host)
  if (named !== null) {
    if (named.site === site && named.environment === name) return
    throw refuse("names of this form are the gateway's", 'Choose another name')
  }
  for (const { name: known } of await sites.listSites()) {
    const other = (await sites.listEnvironments(known)).find(
      (each) => each.id !== id && each.managed !== null && each.url !== null && hostOfAddress(each.url) === host,
    )
    if (other !== undefined) throw addressTaken({ site, name, url }, other)
  }
}
