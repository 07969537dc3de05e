import type { LeftOut, StructureOnly } from '../framework.ts'

const assets = 'joined CSS and JavaScript: built again by itself'

export const rebuiltAssets: LeftOut[] = [
  { within: 'files', glob: 'css', reason: assets },
  { within: 'files', glob: 'js', reason: assets },
  { within: 'files', glob: 'advagg_css', reason: assets },
  { within: 'files', glob: 'advagg_js', reason: assets },
]

const styles = 'smaller copies of images: made again when they are asked for'

export const rebuiltStyles: LeftOut[] = [
  { within: 'files', glob: 'styles', reason: styles },
  { within: 'private', glob: 'styles', reason: styles },
]

const archives = 'archives of another backup tool (Backup and Migrate)'

export const oldArchives: LeftOut[] = [
  { within: 'files', glob: 'backup_migrate', reason: archives },
  { within: 'files', glob: 'private/backup_migrate', reason: archives },
  { within: 'private', glob: 'backup_migrate', reason: archives },
]

/**
 * Every table that has the columns of a cache. `sessions`, `semaphore`, `flood`, `queue` and `watchdog` keep their rows: they
 * are small, or hold what nobody else knows.
 */
export const cacheTables: StructureOnly[] = [
  { name: /^cache(?:_.+)?$/, columns: ['cid', 'data', 'expire'], reason: 'a cache: it fills again by itself' },
]
