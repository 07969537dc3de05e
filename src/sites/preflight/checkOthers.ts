import type { Environment } from '../environment.ts'
import { type Check, doubtful } from './types.ts'

type Places = Pick<Environment, 'id' | 'site' | 'name' | 'codeRoot' | 'filesDirectory' | 'database' | 'tablePrefix'>

/** Of a copied tree whose configuration nobody changed: a restore of the copy would take the original back as well. */
export function checkOthers(environment: Places, others: readonly Places[]): Check[] {
  return others
    .filter(({ id }) => id !== environment.id)
    .flatMap((other) => {
      const shared = [
        ...(databaseOf(other) === databaseOf(environment) ? ['database'] : []),
        ...(other.codeRoot === environment.codeRoot ? ['directory'] : []),
        ...(other.filesDirectory === environment.filesDirectory ? ['files directory'] : []),
      ]
      if (shared.length === 0) return []
      const what = shared.join(' and the same ')
      return [doubtful('shared', `"${other.site}.${other.name}" has the same ${what}: a restore of one of them changes both`)]
    })
}

/** 'localhost' and an address of this machine may be the same server: told apart, nothing is lost but this warning. */
function databaseOf({ database: { host, port, socket, database }, tablePrefix }: Places): string {
  return [host, port, socket, database, tablePrefix].join('\0')
}
