import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import type { MysqlAdmin, MysqlHome } from '../types.ts'

export interface Claim {
  release(): Promise<void>
}

interface ClaimOptions {
  mysql: Pick<MysqlHome, 'admin'>
  /** The same for every copy of this installation, and known to nobody else: a hosted site could take the lock by its name */
  secret: string
  /** Another took it while the connection was lost: this process must end */
  onLost(error: Failure): void
  /** @default 10 s */
  watchMs?: number
}

/**
 * Sees to it that one process at a time works on what an installation has on a database server of somebody else: a copy of a
 * data directory knows the same schemas by the same names, and would end and remove what the original uses. A lock of the
 * server, which lasts as long as its connection; a lost one is opened again.
 *
 * @throws {Failure} SERVER_RUNNING while another has it
 */
export async function claimServer({ mysql, secret, onLost, watchMs = 10_000 }: ClaimOptions): Promise<Claim> {
  const name = `cairn_${secret}`.slice(0, 64) // what MySQL takes
  const state: { admin: MysqlAdmin | null; isReleased: boolean } = { admin: await takePatiently(mysql, name), isReleased: false }
  const look = async (): Promise<void> => {
    try {
      if (state.admin !== null && (await holds(state.admin, name))) return
    } catch {
      // the connection is lost
    }
    await state.admin?.close()
    state.admin = null
    try {
      state.admin = await takePatiently(mysql, name)
      if (state.isReleased) await state.admin.close()
    } catch (error) {
      if (error instanceof Failure && error.code === 'SERVER_RUNNING' && !state.isReleased) onLost(error)
    }
  }
  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => (looking = looking.then(() => (state.isReleased ? undefined : look()))), watchMs)
  timer.unref()
  return {
    async release() {
      state.isReleased = true
      clearInterval(timer)
      await looking
      await state.admin?.close()
    },
  }
}

/** A server that was killed a moment ago may still have its connection. */
async function takePatiently(mysql: Pick<MysqlHome, 'admin'>, name: string): Promise<MysqlAdmin> {
  for (const waitMs of [0, 200, 500, 1000, 2000]) {
    await sleep(waitMs)
    const admin = await mysql.admin()
    try {
      const [row = {}] = await admin.query('SELECT GET_LOCK(?, 0) AS taken', [name])
      if (String(row['taken']) === '1') return admin
    } catch (error) {
      await admin.close()
      throw error
    }
    await admin.close()
  }
  throw new Failure('SERVER_RUNNING', 'Cannot use the database server: another Cairn works there with the same names', {
    hint: 'Stop that one. If its data directory was copied to make this one, give the copy a server of its own (CAIRN_MYSQL_URL)',
    retry: 'after-repair',
  })
}

async function holds(admin: MysqlAdmin, name: string): Promise<boolean> {
  const [row = {}] = await admin.query('SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS mine', [name])
  return String(row['mine']) === '1'
}
