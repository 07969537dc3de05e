import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keepsCompiled } from '../servers/keepsCompiled.ts'
import { freePort } from '../servers/ports.ts'
import { type Account, asAccount, checkoutFor, nodeOf, ownCheckout } from './checkout.ts'

const program = join(ownCheckout, 'bin/cairn')
const startMsMax = 120_000

export interface HouseOptions {
  /** A directory that the account can pass; `cairn/` and `home/` are made in it */
  directory: string
  /** As whom the server runs, with which further groups, when the caller is root @default {whoever we are} */
  account?: Account
  /** Instead of `<directory>/cairn` */
  data?: string
  env?: Record<string, string>
}

export interface Answer {
  code: number
  stdout: string
  stderr: string
  /** What `--format=json` printed; throws when it is no JSON */
  json<T>(): T
}

export interface House {
  data: string
  url: string
  /** Of the server itself: a signal to it hits no wrapper */
  pid(): number
  cairn(...args: string[]): Promise<Answer>
  /** A request to the API with the local token */
  api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>
  log(): string
  start(): Promise<void>
  /** @throws when it does not end in good order */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts a real `cairn server` on a data directory and a free port, and runs real command lines against it. */
export async function startHouse(options: HouseOptions): Promise<House> {
  const { directory, account } = options
  const data = options.data ?? join(directory, 'cairn')
  const home = join(directory, 'home')
  mkdirSync(home, { recursive: true })
  if (account !== undefined) chmodSync(home, 0o777)
  const compiled = account === undefined ? keepsCompiled : { NODE_COMPILE_CACHE: openDirectory(home, 'compiled') }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const logPath = join(directory, 'cairn.log')
  const checkout = await checkoutFor(account, directory)
  const own = { HOME: home, LANG: 'C.UTF-8', CAIRN_DATA: data, CAIRN_URL: url, CAIRN_COMPRESSION: 'fast' }
  const env = { PATH: process.env['PATH'] ?? '', ...compiled, ...own, ...options.env }
  let child: ChildProcess | null = null
  const ended = (): boolean => child === null || child.exitCode !== null || child.signalCode !== null

  const start = async (): Promise<void> => {
    const log = openSync(logPath, 'a')
    const server = [nodeOf(checkout), join(checkout, 'bin/cairn'), 'server', '--listen', `127.0.0.1:${port}`]
    const [first = '', ...rest] = [...asAccount(account), ...server]
    // the server dies with the test; setpriv keeps its pid
    child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', first, ...rest], { stdio: ['ignore', log, log], env, cwd: home })
    closeSync(log)
    for (const end = Date.now() + startMsMax; !(await isHealthy(url)); await sleep(50)) {
      if (ended() || Date.now() > end) throw new Error(`cairn server does not start:\n${readFileSync(logPath, 'utf8')}`)
    }
  }
  const gone = async (): Promise<void> => {
    for (const end = Date.now() + startMsMax; !ended(); await sleep(20)) {
      if (Date.now() > end) throw new Error(`cairn server does not end:\n${readFileSync(logPath, 'utf8').slice(-4000)}`)
    }
  }
  const token = (): string => readFileSync(join(data, 'token'), 'utf8').trim()

  if (account !== undefined && !existsSync(data)) makeDataDirectory(data, directory)
  await start()
  return {
    data,
    url,
    pid: () => child?.pid ?? 0,
    start,
    log: () => readFileSync(logPath, 'utf8'),
    cairn: (...args) => run(args, env, home),
    async api<T>(method: string, path: string, body?: unknown) {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token()}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T }
    },
    async stop() {
      if (ended()) return
      child?.kill('SIGTERM')
      await gone()
      if (child?.exitCode !== 0) throw new Error(`cairn server ended badly:\n${readFileSync(logPath, 'utf8').slice(-4000)}`)
    },
    async kill() {
      child?.kill('SIGKILL')
      await gone()
    },
  }
}

/** The parent is ours: the account could not make its own. */
function makeDataDirectory(data: string, parent: string): void {
  chmodSync(parent, 0o711)
  mkdirSync(data)
  chmodSync(data, 0o777) // the server makes it its own at once
  writeFileSync(join(parent, 'cairn.log'), '')
}

/** One that every account can write into. */
function openDirectory(parent: string, name: string): string {
  const path = join(parent, name)
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o777)
  return path
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/health`)).ok
  } catch {
    return false
  }
}

function run(args: string[], env: Record<string, string>, cwd: string): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env, cwd })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) =>
      fulfil({
        code: code ?? -1,
        stdout,
        stderr,
        json<T>() {
          try {
            return JSON.parse(stdout) as T
          } catch (cause) {
            throw new Error(`no JSON from "cairn ${args.join(' ')}" (exit ${code}):\n${stdout}\n${stderr}`, { cause })
          }
        },
      }),
    )
  })
}
