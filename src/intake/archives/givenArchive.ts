import type { ArchiveKind } from '../../archive/foreign/recognise.ts'
import type { FoundSite } from './foundSite.ts'
import type { Outline } from './outline.ts'

export interface GivenArchive {
  /** What it was given for; `all` holds code and database, and files in or beside the code */
  role: 'code' | 'files' | 'database' | 'all'
  /** For sentences */
  name: string
  kind: ArchiveKind
  /** Null for a dump that is no archive */
  outline: Outline | null
  /** What was recognised in it */
  sites: FoundSite[]
}
