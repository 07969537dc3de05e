import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncDirectorySync } from '../../base/files.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { asAdmin } from './accounts.ts'
import { dropAside } from './dropAside.ts'
import { endFence, flipDatabase, type FlipOptions } from './flipDatabase.ts'
import { planId, readPlan } from './plan.ts'

/** old: the database is as before the apply, with nothing staged; new: the restored one is live; undone: back, still staged. */
export type Recovered = 'old' | 'new' | 'undone'

/**
 * Brings an apply that was interrupted to an end: what never began to move is dropped, what began goes on in its direction.
 * Safe to run again, and on an apply that ended.
 */
export async function recoverDatabase(options: FlipOptions & { id: string }): Promise<Recovered> {
  const found = readPlan(options.directory)
  if (found?.state.fenced === true && found.state.phase !== 'moving' && options.admin !== null) {
    const database = await connectDatabase(asAdmin(options.credentials, options.admin))
    try {
      await endFence(database, found.plan, options.directory)
    } finally {
      await database.close()
    }
  }
  if (found === null || found.state.phase === 'prepared') {
    await dropDatabaseUndo(options)
    return 'old'
  }
  const { direction } = found.state
  await flipDatabase(direction, options)
  return direction === 'forward' ? 'new' : 'undone'
}

/** Drops what stands aside, so that nothing can be undone or redone any more. Never touches live tables. */
export async function dropDatabaseUndo(
  options: Pick<FlipOptions, 'directory' | 'credentials' | 'admin'> & { id: string },
): Promise<void> {
  const { credentials, admin } = options
  const found = readPlan(options.directory)
  const mode = found?.plan.mode ?? (admin === null ? 'own' : 'admin')
  const database = await connectDatabase(mode === 'admin' && admin !== null ? asAdmin(credentials, admin) : credentials)
  try {
    await dropAside(database, { id: planId(options.id), mode, schema: credentials.database })
  } finally {
    await database.close()
  }
  if (found === null) return
  // the state first: a plan without one is nothing
  rmSync(join(options.directory, 'database-state.json'), { force: true })
  rmSync(join(options.directory, 'database-plan.json'), { force: true })
  syncDirectorySync(options.directory)
}
