import type { Machine } from './machine.ts'
import { type PhpValue, Unknown } from './values.ts'

/** Variables of platforms that a site attached by hand does not run on: asked for in templates, never set. */
const absentByRule = /^(?:PANTHEON_|PLATFORM_|LANDO|IS_DDEV|DDEV_|WPE_|FLYWHEEL_|KINSTA_|VIP_|ACQUIA_|AH_SITE_)/
/** What a request brings, not the environment */
const ofRequest =
  /^(?:HTTP_|HTTPS$|REQUEST_|REMOTE_|SERVER_|SCRIPT_|DOCUMENT_ROOT$|QUERY_STRING$|PHP_SELF$|PATH_INFO$|argv$|argc$)/

/**
 * An environment variable as PHP would see it. Where the environment was given it is the whole of it, so a name that it lacks
 * is absent; else only what the platform rules say is known.
 */
export function environmentValue(machine: Machine, name: string, absent: null | false): PhpValue {
  const own = machine.state.variables.get('putenv')
  const put = own instanceof Map ? own.get(name) : undefined
  if (put !== undefined) return put
  if (machine.environment !== null) return machine.environment[name] ?? absent
  if (absentByRule.test(name)) return absent
  machine.asked.add(name)
  return new Unknown(`the environment variable "${name}" is not known`)
}

/** `$_SERVER['NAME']`: of a request, or the environment under another name. */
export function serverValue(machine: Machine, name: string): PhpValue {
  const given = machine.server[name]
  if (given !== undefined) return given
  if (ofRequest.test(name)) return new Unknown(`"${name}" differs from request to request`)
  return environmentValue(machine, name, null)
}
