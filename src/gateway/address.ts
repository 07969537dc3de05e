/** Where the gateway shows an environment unless it has an address of its own. */
export function gatewayAddress(site: string, environment: string, port: number): string {
  return `http://${environment}-${site}.localhost:${port}`
}

/** Reads `<env>-<site>.localhost`; null for any other name. The name of an environment has no dash, that of a site may. */
export function parseGatewayHost(host: string): { site: string; environment: string } | null {
  const [, environment, site] = /^([a-z0-9]{1,11})-([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.localhost$/.exec(host) ?? []
  return environment === undefined || site === undefined ? null : { site, environment }
}

/** The name without the port, in lower case; null for a header that names no host. */
export function hostName(header: string | undefined): string | null {
  const [, name] = /^([A-Za-z0-9.-]{1,253})(?::\d{1,5})?$/.exec(header ?? '') ?? []
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '')
}
