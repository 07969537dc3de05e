import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import { writeFileDurably } from '../base/files.ts'

type Env = Record<string, string | undefined>

/** What makes a file on this machine the same file as before, for one server */
export interface FileIdentity {
  /** Of the server */
  origin: string
  path: string
  sizeBytes: number
  modifiedMs: number
}

/** The server removes uploads after a day; a record of one is of no use much longer. */
const keepMs = 2 * 86_400_000

/** The address of the upload that this file was begun with, or null. */
export function recallUpload(file: FileIdentity, env: Env): string | null {
  try {
    const { url } = JSON.parse(readFileSync(recordPath(file, env), 'utf8')) as { url?: unknown }
    return typeof url === 'string' && URL.canParse(url) && new URL(url).origin === file.origin ? url : null
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES') || error instanceof SyntaxError) return null
    throw error
  }
}

/** Remembers where a file goes, so that the same command goes on with it. A cache that cannot be written is no failure. */
export function rememberUpload(file: FileIdentity, url: string, env: Env): void {
  const directory = recordDirectory(env)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    forgetOld(directory)
    writeFileDurably(recordPath(file, env), `${JSON.stringify({ url, path: file.path })}\n`)
  } catch (error) {
    if (!isErrno(error)) throw error
  }
}

export function forgetUpload(file: FileIdentity, env: Env): void {
  try {
    rmSync(recordPath(file, env), { force: true })
  } catch (error) {
    if (!isErrno(error)) throw error
  }
}

function forgetOld(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (Date.now() - statSync(path).mtimeMs > keepMs) rmSync(path, { force: true })
  }
}

function recordPath({ origin, path, sizeBytes, modifiedMs }: FileIdentity, env: Env): string {
  const key = createHash('sha256')
    .update(JSON.stringify([origin, path, sizeBytes, modifiedMs]))
    .digest('hex')
  return join(recordDirectory(env), `${key.slice(0, 32)}.json`)
}

function recordDirectory(env: Env): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'cairn/uploads')
}
