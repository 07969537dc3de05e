import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import { processStart, signalProcess, waitUntilGone } from '../../base/processes.ts'
import { type ChildEnd, startChild } from '../../base/spawn.ts'
import { confine, type Walls } from './confine.ts'
import type { Fpm } from './findFpm.ts'
import { masterSettings } from './fpmConfig.ts'
import { endMarked } from './mark.ts'
import { childrenOf } from './processTree.ts'
import type { Master } from './reload.ts'

export interface RunningMaster extends Master {
  /** The process that this one started; FPM itself, or what holds its namespace */
  holder: Master
  end: ChildEnd | null
  ended: Promise<void>
  /** Lets running requests end for `patienceMs`, then ends everything */
  stop(patienceMs: number): Promise<void>
}

export interface MasterStart {
  fpm: Fpm
  configFile: string
  socket: string
  home: string
  walls: Walls
  hasNamespaces: boolean
  more?: readonly string[]
}

const startTimeoutMs = 30_000

/** @throws {Failure} PHP_FAILED with what FPM said */
export async function startMaster(start: MasterStart): Promise<RunningMaster> {
  const { fpm, configFile, home, walls, hasNamespaces } = start
  const settings = [...masterSettings, ...(start.more ?? [])].flatMap((setting) => ['-d', setting])
  const [command, args] = confine(fpm.program, ['-F', '-y', configFile, ...settings], walls, hasNamespaces)
  const child = startChild(command, args, {
    cwd: '/',
    env: { HOME: home, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4000)))
  const pid = child.pid ?? 0
  const state: { end: ChildEnd | null } = { end: null }
  // its end, not that of its pipes: what it has started may hold those for as long as it likes
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => resolve(void (state.end = { code, signal })))
    child.once('error', () => resolve(void (state.end = { code: 127, signal: null })))
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const startTicks = pid === 0 ? null : processStart(pid)
  if (startTicks === null) throw notStarted(fpm, words)
  const holder = { pid, startTicks }
  const kill = async (): Promise<void> => {
    signalProcess(pid, startTicks, 'SIGKILL')
    await ended
  }
  const master = await waitUntilReady(start, holder, state).catch(async (error: unknown) => {
    await kill()
    await endMarked(walls.uid, walls.mark)
    await Promise.race([closed, sleep(1000)])
    throw error instanceof Failure ? error : notStarted(fpm, words)
  })
  return {
    ...master,
    holder,
    ended,
    get end() {
      return state.end
    },
    async stop(patienceMs) {
      if (patienceMs > 0 && signalProcess(master.pid, master.startTicks, 'SIGQUIT'))
        await waitUntilGone(master.pid, master.startTicks, patienceMs)
      await kill()
      await endMarked(walls.uid, walls.mark)
      child.stderr?.destroy()
      await waitUntilGone(master.pid, master.startTicks, 5000)
    },
  }
}

async function waitUntilReady(start: MasterStart, holder: Master, state: { end: ChildEnd | null }): Promise<Master> {
  for (const deadline = performance.now() + startTimeoutMs; ; await sleep(10)) {
    if (state.end !== null || performance.now() > deadline) throw new Error('not started')
    if (!(await answers(start.socket))) continue
    const master = start.hasNamespaces ? childrenOf(holder.pid)[0] : holder
    if (master !== undefined && isFpm(master.pid)) return master
  }
}

/** A former master's socket may still be there; it refuses. */
async function answers(socket: string): Promise<boolean> {
  const connection = connect(socket)
  try {
    await once(connection, 'connect')
    return true
  } catch {
    return false
  } finally {
    connection.destroy()
  }
}

function isFpm(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('php-fpm: master process')
  } catch {
    return false
  }
}

function notStarted({ program }: Fpm, words: string): Failure {
  const said = words.trim().split('\n').at(-1) ?? ''
  return new Failure('PHP_FAILED', `Cannot start PHP: "${program}" ended${said === '' ? '' : `, saying "${said}"`}`, {
    retry: 'after-repair',
  })
}
