/** What WordPress makes of `DB_HOST` (`wpdb::parse_db_host`): host, port and socket in one text. */
export function parseDatabaseHost(text: string): { host: string | null; port: number | null; socket: string | null } {
  const slash = text.indexOf(':/')
  const socket = slash < 0 ? null : text.slice(slash + 1)
  const rest = slash < 0 ? text : text.slice(0, slash)
  const isIpv6 = (rest.match(/:/g) ?? []).length > 1
  const found = isIpv6 ? /^\[?([\da-fA-F:]+)(?:\]:(\d+))?/.exec(rest) : /^([^:/]*)(?::(\d+))?/.exec(rest)
  const host = found?.[1] ?? ''
  const port = found?.[2] === undefined ? null : Number(found[2])
  return { host: host === '' ? null : host, port, socket }
}
