import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'
import { writeFileDurably } from '../base/files.ts'
import { isLocal } from './send.ts'

type Env = Record<string, string | undefined>

/** One saved machine token. It is bound to the server that it was saved for and never sent to another one. */
export interface SavedToken {
  url: string
  email: string
  token: string
}

/** Which saved token is in use at a server; `email: null` after a logout. */
type Sessions = Record<string, { email: string | null }>

/** CAIRN_TOKEN, else the saved token that was logged in with, else the file that the server on this machine wrote; or null. */
export function findToken(url: URL, env: Env, cwd: string): string | null {
  const given = env['CAIRN_TOKEN']?.trim()
  if (given !== undefined && given !== '') return given
  const session = readSessions(env)[url.origin]
  if (session !== undefined) {
    return session.email === null ? null : (savedTokens(url, env).find(({ email }) => email === session.email)?.token ?? null)
  }
  return localToken(url, env, cwd)
}

/** Why `findToken` gave nothing, and what to do. */
export function whereTokensAre(url: URL, env: Env, cwd: string): string {
  if (!isLocal(url) || readSessions(env)[url.origin] !== undefined) return 'Log in with "cairn auth:login --machine-token"'
  const path = localTokenFile(env, cwd)
  return `The token of the server on this machine is looked for in "${path}", which ${troubleWith(path)}. Set CAIRN_DATA to its data directory, run this as its user, or log in with "cairn auth:login --machine-token"`
}

/** Where the token came from that `findToken` gave, for a sentence. */
export function whenceToken(url: URL, env: Env, cwd: string): string | null {
  if ((env['CAIRN_TOKEN']?.trim() ?? '') !== '') return 'in CAIRN_TOKEN'
  const session = readSessions(env)[url.origin]
  if (session === undefined) return `in "${localTokenFile(env, cwd)}"`
  return session.email === null ? null : `that was saved for ${session.email}`
}

function troubleWith(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() === '' ? 'is empty' : 'was not taken'
  } catch (error) {
    return pathTrouble(error, 'read') ?? 'cannot be read'
  }
}

/** The token that the server on this machine wrote at its first start, mode 0600; null when it is not there or not ours. */
export function localToken(url: URL, env: Env, cwd: string): string | null {
  if (!isLocal(url)) return null
  const text = readOptional(localTokenFile(env, cwd))?.trim()
  return text === undefined || text === '' ? null : text
}

export function savedTokens(url: URL, env: Env): SavedToken[] {
  const directory = join(configDirectory(env), 'tokens')
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readJson<SavedToken>(join(directory, name)))
    .filter((saved): saved is SavedToken => saved !== null && saved.url === url.origin)
}

/** Saves the token (mode 0600) and makes it the one in use at this server. */
export function saveToken(url: URL, email: string, token: string, env: Env): void {
  const saved: SavedToken = { url: url.origin, email, token }
  keep(tokenFile(url, email, env), saved)
  useSession(url, email, env)
}

/** Takes another saved token into use; `null` signs out, and forgets the tokens saved for this server. */
export function useSession(url: URL, email: string | null, env: Env): void {
  if (email === null) for (const saved of savedTokens(url, env)) rmSync(tokenFile(url, saved.email, env), { force: true })
  writeSessions({ ...readSessions(env), [url.origin]: { email } }, env)
}

/** Goes back to the local server's own token. */
export function dropSession(url: URL, env: Env): void {
  const sessions = readSessions(env)
  delete sessions[url.origin]
  writeSessions(sessions, env)
}

function localTokenFile(env: Env, cwd: string): string {
  return join(dataDirectory(env, cwd), 'token')
}

/** The server's data directory, as server/configuration.ts chooses it when no flag was given: the variable, `cairn.yml`, the usual. */
function dataDirectory(env: Env, cwd: string): string {
  const given = env['CAIRN_DATA'] || dataOfFile(join(cwd, 'cairn.yml'))
  if (given !== undefined && given !== '') return resolve(cwd, given)
  if (process.getuid?.() === 0) return '/var/lib/cairn'
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local/share'), 'cairn')
}

/** A file that the server itself would refuse tells nothing. */
function dataOfFile(path: string): string | undefined {
  const text = readOptional(path)
  if (text === undefined) return undefined
  const { parse, YAMLParseError } = createRequire(import.meta.url)('yaml') as typeof import('yaml') // a sixth of what a command takes
  try {
    const parsed: unknown = parse(text)
    const data: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'data') : undefined
    return typeof data === 'string' ? data : undefined
  } catch (error) {
    if (error instanceof YAMLParseError) return undefined
    throw error
  }
}

function configDirectory(env: Env): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'cairn')
}

function tokenFile(url: URL, email: string, env: Env): string {
  return join(configDirectory(env), 'tokens', `${encodeURIComponent(email)}@${encodeURIComponent(url.host)}.json`)
}

function readSessions(env: Env): Sessions {
  return readJson<Sessions>(join(configDirectory(env), 'sessions.json')) ?? {}
}

function writeSessions(sessions: Sessions, env: Env): void {
  keep(join(configDirectory(env), 'sessions.json'), sessions)
}

/** @throws {Failure} CONFIG_INVALID where this user has no place to keep it */
function keep(path: string, value: object): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileDurably(path, `${JSON.stringify(value, null, 2)}\n`)
  } catch (cause) {
    const trouble = pathTrouble(cause, 'written')
    if (trouble === null) throw cause
    throw new Failure('CONFIG_INVALID', `Cannot keep the login: "${path}" ${trouble}`, {
      hint: 'Set HOME or XDG_CONFIG_HOME to a directory of your own, or give the token in CAIRN_TOKEN',
      cause,
    })
  }
}

function readJson<T>(path: string): T | null {
  const text = readOptional(path)
  if (text === undefined) return null
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new Failure('CONFIG_INVALID', `Cannot read "${path}": it is no JSON`, {
      hint: 'Remove the file and log in again',
      cause,
    })
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP')) return undefined
    throw error
  }
}
