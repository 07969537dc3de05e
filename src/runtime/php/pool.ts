import { Failure, isErrno } from '../../base/failure.ts'
import { processStart } from '../../base/processes.ts'
import { askFastCgi } from '../fastcgi/askFastCgi.ts'
import type { PhpAnswer, PhpPlace, PhpPool, PhpRequest } from '../types.ts'
import type { Fpm } from './findFpm.ts'
import { drainSeconds, type FpmLimits } from './fpmConfig.ts'
import { oneAfterTheOther } from './inTurn.ts'
import { markOf } from './mark.ts'
import { type RunningMaster, startMaster } from './master.ts'
import { childrenOf } from './processTree.ts'
import { reloadMaster } from './reload.ts'
import { endLeftover, noteMaster, prepareRun, type RunDirectory } from './runDirectory.ts'

export interface PoolSettings {
  fpm: Fpm
  hasNamespaces: boolean
  limits: FpmLimits
  /** The group of a web server that talks to the sockets as well: then PHP runs all the time */
  webGroup: number | null
  log: (line: string) => void
}

export interface SupervisedPool extends PhpPool {
  /** Counts from the next start or reload on */
  place: PhpPlace
  /** Ends PHP when nobody has asked for it for so long */
  endIfIdle(idleMs: number): Promise<void>
}

/** One environment's FPM, started by the first request and again after it has died. */
export function supervisedPool(first: PhpPlace, run: RunDirectory, settings: PoolSettings): SupervisedPool {
  const { fpm, hasNamespaces, limits, webGroup, log } = settings
  const inTurn = oneAfterTheOther()
  let place = first
  let master: RunningMaster | null = null
  let running = 0
  let lastUse = performance.now()

  // the death of a process is known a moment before its parent is told
  const isUp = (): boolean => master !== null && master.end === null && processStart(master.pid) === master.startTicks
  const launch = async (): Promise<void> => {
    if (isUp()) return
    if (master !== null)
      log(`PHP of ${place.id} ended by itself (${master.end?.signal ?? master.end?.code}) and is started again`)
    await endLeftover(run.path)
    prepareRun(run, place, limits, webGroup)
    noteMaster(run.path, null, place)
    const walls = { uid: place.uid, gid: place.gid, mark: markOf(run.path), noNewPrivileges: !place.isLive }
    const home = `${place.directory}/tmp`
    master = await startMaster({ fpm, configFile: run.configFile, socket: run.socket, home, walls, hasNamespaces })
    noteMaster(run.path, master.holder, place)
  }
  const end = async (patienceMs: number): Promise<void> => {
    await master?.stop(patienceMs)
    master = null
  }
  const start = (): Promise<void> => (isUp() ? Promise.resolve() : inTurn(launch))
  const ask = async (request: PhpRequest): Promise<PhpAnswer> => {
    await start()
    try {
      return await askFastCgi(run.socket, request)
    } catch (error) {
      if (!wasNotThere(error)) throw error
      await inTurn(async () => {
        if (!isUp()) await launch()
      })
      return askFastCgi(run.socket, request) // it ended between the two lines above; the body was not touched
    }
  }

  return {
    socket: run.socket,
    get place() {
      return place
    },
    set place(changed) {
      place = changed
    },
    start,
    async request(request) {
      running += 1
      const done = (): void => {
        running -= 1
        lastUse = performance.now()
      }
      try {
        const answer = await ask(request)
        answer.body.once('close', done)
        return answer
      } catch (error) {
        done()
        throw error
      }
    },
    reload: () =>
      inTurn(async () => {
        if (master === null || !isUp()) return { killed: 0 }
        prepareRun(run, place, limits, webGroup)
        const result = await reloadMaster(master)
        if (result !== null) return result
        log(`PHP of ${place.id} did not reload and is started again`)
        const killed = childrenOf(master.pid).length
        await end(0)
        if (webGroup !== null) await launch()
        return { killed }
      }),
    stop: () => inTurn(() => end(drainSeconds * 1000)),
    endIfIdle: (idleMs) =>
      inTurn(async () => {
        if (webGroup !== null || master === null || running > 0 || performance.now() - lastUse < idleMs) return
        await end(1000)
      }),
  }
}

function wasNotThere(error: unknown): boolean {
  return error instanceof Failure && isErrno(error.cause, 'ENOENT', 'ECONNREFUSED')
}
