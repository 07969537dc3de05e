import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, openSync, closeSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart, waitUntilGone } from '../../src/base/processes.ts'
import { type Client, openClient } from '../../src/cli/client.ts'
import type { WorkflowView } from '../../src/contract/workSchemas.ts'
import { keepsCompiled } from '../servers/keepsCompiled.ts'
import { freePort } from '../servers/ports.ts'

const program = join(import.meta.dirname, '../../bin/cairn')

export interface Cairn {
  data: string
  client: Client
  /** The environment for commands that talk to this server */
  env: Record<string, string>
  /** Of the server that was launched last */
  pid(): number
  /** Starts the server, and waits until it answers; throws with its log when it ends instead */
  start(): Promise<void>
  /** The same without waiting */
  launch(): void
  /** Whether the server that was launched last answers; throws when it has ended */
  answers(): Promise<boolean>
  /**
   * SIGKILL, as a crash or the kernel would: nothing is told, nothing is written any more. Resolves when the server is gone.
   * @returns the processes that it had started, which must end by themselves now
   */
  kill(): Promise<Descendant[]>
  /** SIGTERM; throws when it does not end in good order */
  stop(): Promise<void>
}

export interface Descendant {
  pid: number
  startTicks: string
  command: string
}

/**
 * A Cairn server as a process of its own over the data directory `data`, on a port that stays the same across restarts.
 *
 * @param serve what Node runs
 */
export async function prepareCairn(
  data: string,
  more: Record<string, string> = {},
  serve: readonly string[] = [program, 'server'],
): Promise<Cairn> {
  if (Number(process.versions.node.split('.')[0]) < 24)
    throw new Error('Run this with Node 24: bin/cairn would start another process')
  const address = `127.0.0.1:${await freePort()}`
  const logPath = `${data}.log`
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '/',
    CAIRN_DATA: data,
    CAIRN_URL: `http://${address}`,
    ...keepsCompiled,
    ...more,
  }
  let child: ChildProcess | null = null
  let ended: Promise<string> = Promise.resolve('')
  let end: string | null = null
  const client = openClient(new URL(env.CAIRN_URL), () => readFileSync(join(data, 'token'), 'utf8').trim())
  const lastWords = (): string => readFileSync(logPath, 'utf8').slice(-3000)
  const launch = (): void => {
    const log = openSync(logPath, 'a')
    child = spawn(process.execPath, serve, {
      stdio: ['ignore', log, log],
      env: { ...env, CAIRN_LISTEN: address },
    })
    closeSync(log)
    end = null
    ended = new Promise((resolve) => child?.once('exit', (code, signal) => resolve((end = signal ?? `exit code ${code}`))))
  }
  const answers = async (): Promise<boolean> => {
    if (end !== null) throw new Error(`The server ended with ${end}:\n${lastWords()}`)
    return existsSync(join(data, 'token')) && (await isHealthy(env.CAIRN_URL))
  }
  return {
    data,
    client,
    env,
    launch,
    answers,
    pid: () => child?.pid ?? 0,
    async start() {
      launch()
      for (const until = Date.now() + 180_000; !(await answers()); await sleep(25)) {
        if (Date.now() > until) throw new Error(`The server does not answer:\n${lastWords()}`)
      }
    },
    async kill() {
      if (child?.pid === undefined || end !== null) return []
      child.kill('SIGSTOP') // so that what it has started is known for sure
      const descendants = descendantsOf(child.pid)
      child.kill('SIGKILL')
      await ended
      return descendants
    },
    async stop() {
      if (child === null || end !== null) return
      child.kill('SIGTERM')
      const how = await ended
      if (how !== 'exit code 0') throw new Error(`The server did not stop in good order, but with ${how}:\n${lastWords()}`)
    },
  }
}

/** Waits until a workflow has ended, however; throws when it hangs. */
export async function waitForEnd(client: Client, id: string, timeoutMs: number): Promise<WorkflowView> {
  for (const until = Date.now() + timeoutMs; ;) {
    const workflow = await client.get<WorkflowView>(`/v1/workflows/${id}/wait`, { seconds: 5 })
    if (workflow.state !== 'queued' && workflow.state !== 'running') return workflow
    if (Date.now() > until) throw new Error(`Workflow ${id} hangs: ${JSON.stringify(workflow)}`)
  }
}

/** Those of a killed server's processes that still live after `timeoutMs`. */
export async function survivors(descendants: readonly Descendant[], timeoutMs: number): Promise<string[]> {
  const until = Date.now() + timeoutMs
  const left: string[] = []
  for (const { pid, startTicks, command } of descendants) {
    if (!(await waitUntilGone(pid, startTicks, Math.max(0, until - Date.now())))) left.push(`${pid} ${command}`)
  }
  return left
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/health`)).ok
  } catch {
    return false
  }
}

function descendantsOf(pid: number): Descendant[] {
  return childrenOf(pid).flatMap((child) => {
    const startTicks = processStart(child)
    const self = startTicks === null ? [] : [{ pid: child, startTicks, command: commandOf(child) }]
    return [...self, ...descendantsOf(child)]
  })
}

/** Each thread of a process lists the children that it started. */
function childrenOf(pid: number): number[] {
  const tasks = namesIn(`/proc/${pid}/task`).map((task) => readOr(`/proc/${pid}/task/${task}/children`, ''))
  return tasks.join(' ').split(' ').filter(Boolean).map(Number)
}

function commandOf(pid: number): string {
  return readOr(`/proc/${pid}/cmdline`, '').replaceAll('\0', ' ').trim()
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return fallback
  }
}
