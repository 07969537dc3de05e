import { type Logger, pino } from 'pino'
import { safeText } from '../base/safeText.ts'
import type { Configuration } from './configuration.ts'

/** Where the lines go: stdout, or what a test looks at */
interface Out {
  isTTY?: boolean
  write(text: string): unknown
}

/**
 * The log of a server, on stdout: a line to read at a terminal, else one JSON object a line; `logFormat` chooses.
 *
 * @param env for `NO_COLOR` and `TERM`
 */
export function openLog(
  { logLevel, logFormat }: Pick<Configuration, 'logLevel' | 'logFormat'>,
  out: Out = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): Logger {
  const atTerminal = out.isTTY === true
  const options = { level: logLevel, base: null }
  if ((logFormat ?? (atTerminal ? 'text' : 'json')) === 'json') return out === process.stdout ? pino(options) : pino(options, out)
  const colors = atTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return pino(options, { write: (line: string) => void out.write(textLine(line, colors)) })
}

const levels: Record<number, { name: string; color: number | null }> = {
  10: { name: 'trace', color: 2 },
  20: { name: 'debug', color: 2 },
  30: { name: 'info', color: null },
  40: { name: 'warn', color: 33 },
  50: { name: 'error', color: 31 },
  60: { name: 'fatal', color: 31 },
}

/** `2026-03-01 14:05:09 warn  the message  field=value`, and the stack of an error below it. */
function textLine(json: string, colors: boolean): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown> & { level: number; time: number }
  const { name, color } = levels[level] ?? { name: String(level), color: null }
  const padded = name.padEnd(5)
  const shown = colors && color !== null ? `\u001b[${color}m${padded}\u001b[0m` : padded
  const said = typeof msg === 'string' ? msg : (errorText(err, 'message') ?? '')
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`)
  const stack = errorText(err, 'stack')?.split('\n') ?? []
  const lines = [[timeText(time), shown, safeText(said), ...rest].join(' '), ...stack.map((line) => `    ${safeText(line)}`)]
  return `${lines.join('\n')}\n`
}

function errorText(err: unknown, part: 'message' | 'stack'): string | null {
  const found: unknown = typeof err === 'object' && err !== null ? Reflect.get(err, part) : null
  return typeof found === 'string' ? found : null
}

/** A word as it is, all else as JSON: where a value ends can be seen. */
function valueText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : safeText(JSON.stringify(value))
}

/** In the zone of the machine */
function timeText(ms: number): string {
  const date = new Date(ms)
  const two = (part: number): string => String(part).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
