import { Failure } from '../../base/failure.ts'
import type { Whoami } from '../../contract/accessSchemas.ts'
import { openClient } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { type Column, type Outcome, singleOf } from '../output/data.ts'
import { readLine } from '../terminal.ts'
import { dropSession, localToken, savedTokens, saveToken, useSession, whereTokensAre } from '../tokens.ts'

const columns: Column[] = [
  { name: 'email', title: 'E-mail' },
  { name: 'name', title: 'Name' },
  { name: 'kind', title: 'Kind' },
  { name: 'id', title: 'Id' },
  { name: 'server', title: 'Server' },
]

export function authLogin(invoke: Invoke) {
  return makeCommand('auth:login', {
    summary: 'Log in with a machine token',
    description:
      'Saves a machine token for this server, or takes a saved one into use. Without an option the token is used that the server on this machine wrote.',
    examples: [
      ['auth:login --machine-token < token.txt', 'the token from stdin; on a terminal it is asked for'],
      ['auth:login --email=owner@example.org', 'a token that was saved before'],
      ['auth:login', "the local server's own token"],
    ],
  })
    .option('--machine-token [token]', 'the token; without a value, or with "-", it is read from stdin')
    .option('--email <address>', 'the person whose saved token is used')
    .action((options) =>
      invoke(async (context) => {
        const { env } = context.terminal
        const { url } = context.client
        if (options.machineToken !== undefined) {
          if (options.email !== undefined) {
            throw new Failure('INPUT_INVALID', 'Cannot log in: --machine-token and --email exclude each other', {
              hint: 'A token knows its person',
            })
          }
          const token = await readToken(context, options.machineToken)
          const who = await ask(url, token)
          saveToken(url, who.email, token, env)
          return told(context, who)
        }
        if (options.email !== undefined) {
          const saved = savedTokens(url, env).find(({ email }) => email === options.email)
          if (saved === undefined) throw noSavedToken(context, options.email)
          const who = await ask(url, saved.token)
          useSession(url, saved.email, env)
          return told(context, who)
        }
        const local = localToken(url, env, context.terminal.cwd)
        if (local === null) {
          throw new Failure(
            'NOT_SIGNED_IN',
            `Cannot log in at "${url.origin}": no token was given, and none of a server on this machine can be read`,
            {
              hint: whereTokensAre(url, env, context.terminal.cwd),
            },
          )
        }
        const who = await ask(url, local)
        dropSession(url, env)
        return told(context, who)
      }),
    )
}

export function authWhoami(invoke: Invoke) {
  return makeCommand('auth:whoami', {
    summary: 'Show as whom you are logged in',
    examples: [['auth:whoami --field=email', 'the address alone']],
  }).action(() =>
    invoke(async (context) => {
      const who = await context.client.get<Whoami>('/v1/whoami')
      return { data: singleOf(columns, { ...who, server: context.client.url.origin }) }
    }),
  )
}

export function authLogout(invoke: Invoke) {
  return makeCommand('auth:logout', {
    summary: 'Log out and forget the saved tokens of this server',
    description: 'Forgets the machine tokens saved for this server. They stay good at the server until they are revoked there.',
    examples: [['auth:logout', 'forget them']],
  }).action(() =>
    invoke(async (context) => {
      useSession(context.client.url, null, context.terminal.env)
      context.say(`Logged out of ${context.client.url.origin}`)
      if ((context.terminal.env['CAIRN_TOKEN'] ?? '') !== '') context.warn('CAIRN_TOKEN is still set and goes on being used')
      return {}
    }),
  )
}

const tokenHint = 'A token begins with "cairn_". "cairn machine-token:create" and the dashboard make one'

async function readToken(context: Context, given: string | true): Promise<string> {
  if (given !== true && given !== '-') {
    context.warn('A token in the arguments can be seen by others on this machine: give it on stdin')
    return given.trim()
  }
  const token = context.mayAsk ? await context.terminal.ask.password('Machine token') : await readLine(context.terminal.stdin)
  if (token.trim() !== '') return token.trim()
  throw new Failure('INPUT_INVALID', 'Cannot log in: no token came on stdin', { hint: tokenHint })
}

async function ask(url: URL, token: string): Promise<Whoami> {
  if (!/^[\u0021-\u007e]+$/.test(token))
    throw new Failure('INPUT_INVALID', 'Cannot log in: this is no machine token', { hint: tokenHint })
  return openClient(url, () => token).get<Whoami>('/v1/whoami')
}

function told(context: Context, who: Whoami): Outcome {
  context.say(`Logged in at ${context.client.url.origin} as ${who.name} <${who.email}>`)
  return { data: singleOf(columns, { ...who, server: context.client.url.origin }, 'email') }
}

function noSavedToken(context: Context, email: string): Failure {
  const known = savedTokens(context.client.url, context.terminal.env).map((saved) => saved.email)
  return new Failure(
    'NOT_SIGNED_IN',
    `Cannot log in as "${email}": no token of this person is saved for ${context.client.url.origin}`,
    {
      hint: known.length === 0 ? 'Log in with --machine-token once' : `Saved: ${known.join(', ')}`,
    },
  )
}
