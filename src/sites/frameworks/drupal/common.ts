import type { CacheRows, FrameworkRules, LeftOut, StructureOnly } from '../framework.ts'

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

/** Forms that visitors have open are nothing that can be computed again. */
export const cacheRows: CacheRows[] = [{ name: /^cache(?:_(?!form$).+)?$/, columns: ['cid', 'data', 'expire'], rows: null }]

/** What Drupal 7 and Backdrop, which came of it, have in common. */
export const sevenAndBackdrop = {
  structureOnly: cacheTables,
  caches: cacheRows,
  hold: 'sites-file',
  compiled: [],
  managedFiles: { table: 'file_managed', column: 'uri' },
} satisfies Partial<FrameworkRules>

export const drupalBoots = { frontPath: '/', loginPath: '/user/login', statuses: [200, 301, 302, 403] }

export const siteMaps: LeftOut = { within: 'files', glob: 'xmlsitemap', reason: 'site maps: cron writes them again' }
