/** Where the gateway shows an environment unless it has an address of its own. */
export function gatewayAddress(site: string, environment: string, port: number): string {
  return `http://${environment}-${site}.localhost:${port}`
}

/** Reads `<env>-<site>.localhost`; null for any other name. The name of an environment has no dash, that of a site may. */
export function parseGatewayHost(host: string): { site: string; environment: string } | null {
  const [, environment, site] = /^([a-z0-9]{1,11})-([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.localhost$/.exec(host) ?? []
  return environment === undefined || site === undefined ? null : { site, environment }
}

/** The name by which visitors of an address ask for it, without a dot at its end; null for what no browser takes for an address. */
export function hostOfAddress(address: string): string | null {
  const host = URL.canParse(address) ? new URL(address).hostname.replace(/\.$/, '') : ''
  return host === '' ? null : host
}
