/** The name without the port, in lower case; null for a header that names no host. */
export function hostName(header: string | undefined): string | null {
  const [, name] = /^([A-Za-z0-9.-]{1,253})(?::\d{1,5})?$/.exec(header ?? '') ?? []
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '')
}
