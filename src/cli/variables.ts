import { Failure } from '../base/failure.ts'

/**
 * Environment variables as files hold them: `NAME=VALUE` a line, with or without `export` and quotes around the value, or the
 * `env[NAME] = VALUE` of a PHP-FPM pool. Nothing is expanded.
 *
 * @throws {Failure} INPUT_INVALID with the number of the line, never with its text: it may be a secret
 */
export function readVariables(text: string): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue
    const [, pool, plain, given = ''] = /^\s*(?:env\[(\w+)\]\s*|(?:export\s+)?([A-Za-z_]\w*))=(.*)$/.exec(line) ?? []
    const name = pool ?? plain
    if (name === undefined) {
      throw new Failure('INPUT_INVALID', `Cannot use --php-env-file: line ${index + 1} is not NAME=VALUE`, {
        hint: 'A line holds NAME=VALUE, export NAME=VALUE, or env[NAME] = VALUE; one that begins with # or ; is skipped',
      })
    }
    const value = given.trim()
    variables[name] = /^(["']).*\1$/.test(value) && value.length > 1 ? value.slice(1, -1) : value
  }
  return variables
}
