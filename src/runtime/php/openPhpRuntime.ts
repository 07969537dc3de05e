import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { bootCheck } from '../bootCheck.ts'
import { removeRun } from '../removeRun.ts'
import type { PhpPlace, PhpPool, PhpRuntime } from '../types.ts'
import { canUseNamespaces } from './confine.ts'
import { findCli, findFpm } from './findFpm.ts'
import { type FpmLimits, usualLimits } from './fpmConfig.ts'
import { type PoolSettings, type SupervisedPool, supervisedPool } from './pool.ts'
import { endLeftover, runDirectory } from './runDirectory.ts'
import { runTool } from './runTool.ts'
import { findService, servedPool } from './servedPool.ts'

export interface PhpRuntimeOptions {
  /** `<data>/run/php`: each environment has a directory in it */
  directory: string
  log: (line: string) => void
  /** A group, such as `www-data`, whose members may talk to the sockets @default none but root */
  webServerGroup?: string | null
  limits?: Partial<FpmLimits>
  /** @default ten minutes */
  idleMs?: number
  /** False where they are not wanted @default what the machine allows */
  useNamespaces?: boolean
}

/**
 * PHP for all environments: an FPM master for each, started on demand, ended when idle. What a killed Cairn left is ended first.
 *
 * @throws {Failure} RUNTIME_OFF with the reason, CONFIG_INVALID for a group that does not exist
 */
export async function openPhpRuntime(options: PhpRuntimeOptions): Promise<PhpRuntime> {
  const { directory, log, webServerGroup = null, limits = {}, idleMs = 600_000, useNamespaces = true } = options
  const fpm = await findFpm()
  const hasNamespaces = useNamespaces && (await canUseNamespaces())
  if (!hasNamespaces) log('there are no namespaces on this machine: PHP is kept apart by user ids alone')
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  chmodSync(directory, 0o711)
  for (const id of readdirSync(directory)) {
    if (await endLeftover(join(directory, id))) log(`ended PHP of ${id}, which a former Cairn left running`)
    if (id.startsWith('trial-')) removeRun(join(directory, id))
  }
  const webGroup = webServerGroup === null ? null : groupId(webServerGroup)
  const settings: PoolSettings = { fpm, hasNamespaces, webGroup, log, limits: { ...usualLimits, ...limits } }
  const pools = new Map<string, SupervisedPool>()

  const watch = setInterval(
    () => {
      for (const pool of pools.values())
        pool.endIfIdle(idleMs).catch((error: unknown) => log(`PHP did not end: ${String(error)}`))
    },
    Math.min(30_000, idleMs / 2),
  )
  watch.unref()

  const forEnvironment = (place: PhpPlace): PhpPool => {
    const service = place.served ?? findService(place)
    if (service !== null) return servedPool(service, pools.get(place.id))
    const known = pools.get(place.id)
    if (known !== undefined) {
      known.place = place
      return known
    }
    requireOwnUser(place)
    const pool = supervisedPool(place, runDirectory(directory, place), settings)
    pools.set(place.id, pool)
    return pool
  }
  const tools = (): string => findCli(fpm)
  return {
    version: fpm.version,
    program: fpm.program,
    forEnvironment,
    bootCheck: (boot) => bootCheck(boot, { fpm, hasNamespaces, limits: settings.limits, directory }),
    runTool: async (tool) => runTool(tool, { program: tools(), hasNamespaces, directory }),
    requireTool: () => void tools(),
    async forget(id) {
      await pools.get(id)?.stop()
      pools.delete(id)
      removeRun(join(directory, id))
    },
    async stop() {
      clearInterval(watch)
      await Promise.all([...pools.values()].map((pool) => pool.stop()))
      pools.clear()
    },
  }
}

function groupId(name: string): number {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  if (line === undefined)
    throw new Failure('CONFIG_INVALID', `Cannot let the group "${name}" talk to PHP: this machine has no such group`)
  return Number(line.split(':')[2])
}

/** A mistake here would hand a site the rights of the machine. */
function requireOwnUser({ id, uid, gid }: PhpPlace): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new Error(`"${id}" cannot name a pool`)
  if (!Number.isInteger(uid) || !Number.isInteger(gid) || uid < 1000 || gid < 1000 || uid === process.getuid?.())
    throw new Error(`PHP of ${id} must not run as ${uid}:${gid}`)
}
