import type { FrameworkRules } from './framework.ts'
import { cacheTables, oldArchives, rebuiltAssets, rebuiltStyles } from './drupal/common.ts'

export const drupal7Rules: FrameworkRules = {
  title: 'Drupal 7',
  leftOut: [
    ...rebuiltAssets,
    ...rebuiltStyles,
    { within: 'files', glob: 'ctools', reason: 'CSS that CTools writes again by itself' },
    { within: 'files', glob: 'less', reason: 'CSS that the LESS module compiles again by itself' },
    { within: 'files', glob: 'xmlsitemap', reason: 'site maps: cron writes them again' },
    ...oldArchives,
  ],
  structureOnly: cacheTables,
  hold: 'sites-file',
  compiled: [],
  managedFiles: { table: 'file_managed', column: 'uri' },
  boots: {
    frontPath: '/',
    loginPath: '/user/login',
    statuses: [200, 301, 302, 403],
    installerPath: '/install.php',
    failures: ['The website encountered an unexpected error', 'PDOException', 'Additional uncaught exception thrown'],
  },
}
