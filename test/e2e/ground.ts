import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../../src/base/files.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'

export interface Ground {
  directory: string
  mariadb: TestMariadb
  /** Called in the reverse order by `close`, before MariaDB stops */
  later(end: () => Promise<unknown>): void
  close(): Promise<void>
}

/** A temporary directory that every account can pass, and a MariaDB in it. */
export async function openGround(): Promise<Ground> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-e2e-'))
  chmodSync(directory, 0o711)
  // the binary log is on, as on most hosts; without this an account of a site could make no trigger
  const mariadb = await startMariadb(join(directory, 'mariadb'), { args: ['--log-bin-trust-function-creators=1'] })
  const ends: (() => Promise<unknown>)[] = []
  return {
    directory,
    mariadb,
    later: (end) => void ends.push(end),
    async close() {
      for (const end of ends.toReversed()) await end()
      await mariadb.stop()
      removeTree(directory, tmpdir())
    },
  }
}
