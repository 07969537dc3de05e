import { Failure } from '../base/failure.ts'
import { type Client, openClient } from './client.ts'
import type { Format } from './output/render.ts'
import { safeText } from './output/human.ts'
import type { Terminal } from './terminal.ts'
import { findToken, whenceToken, whereTokensAre } from './tokens.ts'

/** What holds for every command. */
export interface Flags {
  format: Format | null
  fields: string[] | null
  field: string | null
  yes: boolean
  quiet: boolean
  color: boolean
  /** False with `-n`: no question is asked */
  interaction: boolean
}

export interface Context {
  client: Client
  terminal: Terminal
  flags: Flags
  /** A person sits there and may be asked */
  mayAsk: boolean
  colorOut: boolean
  /** A sentence on stderr; silent with `--quiet` */
  say(text: string): void
  /** Something that was finished, on stderr; silent with `--quiet` */
  done(text: string): void
  /** A warning on stderr, with `--quiet` too */
  warn(text: string): void
}

export function makeContext(terminal: Terminal, flags: Flags): Context {
  const url = serverUrl(terminal.env)
  const paint = flags.color && (terminal.env['NO_COLOR'] ?? '') === '' && terminal.env['TERM'] !== 'dumb'
  const colorErr = paint && terminal.errIsTty
  return {
    client: openClient(url, () => findToken(url, terminal.env, terminal.cwd), {
      whereToLook: () => whereTokensAre(url, terminal.env, terminal.cwd),
      whence: () => whenceToken(url, terminal.env, terminal.cwd),
    }),
    terminal,
    flags,
    mayAsk: terminal.interactive && flags.interaction,
    colorOut: paint && terminal.outIsTty,
    say: (text) => {
      if (!flags.quiet) terminal.err(`${safeLines(text)}\n`)
    },
    done: (text) => {
      if (!flags.quiet) terminal.err(`${colorErr ? '\u001b[32m✓\u001b[39m' : '✓'} ${safeLines(text)}\n`)
    },
    warn: (text) => terminal.err(`${colorErr ? '\u001b[33mwarning:\u001b[39m' : 'warning:'} ${safeLines(text)}\n`),
  }
}

function serverUrl(env: Record<string, string | undefined>): URL {
  const text = env['CAIRN_URL'] || 'http://127.0.0.1:7070'
  if (!/^https?:\/\/[^/\s]/.test(text) || !URL.canParse(text)) {
    throw new Failure('CONFIG_INVALID', `Cannot use CAIRN_URL "${text}": an address such as http://127.0.0.1:7070 is wanted`, {
      hint: 'Set it to where the Cairn server answers, or unset it: then a server on this machine is asked',
    })
  }
  return new URL(text)
}

function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n')
}
