import type { BackupStore } from '../backups/catalogue.ts'
import type { DiskRepository } from '../repository/repository.ts'
import type { Catalogue } from '../sites/catalogue.ts'
import type { State } from '../state/open.ts'
import type { ManagedHome } from './managed/home.ts'

/** What every journey is given: where things are kept, and the settings that it follows. */
export interface House {
  state: Pick<State, 'db'>
  repository: DiskRepository
  store: BackupStore
  sites: Catalogue
  /** Stat caches: disposable */
  cacheDirectory: string
  /** Plans of applied databases: what an undo needs, never disposable */
  appliesDirectory: string
  /** What is needed for a moment, secrets too; empty at each start of the server */
  scratchDirectory: string
  compression: 'fast' | 'balanced' | 'best'
  /** How long the undo set of a restore, and its safety backup, are kept */
  undoKeepDays: number
  managed: ManagedHome
}
