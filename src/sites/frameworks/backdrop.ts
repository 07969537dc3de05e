import type { FrameworkRules } from './framework.ts'
import { cacheTables, oldArchives, rebuiltAssets, rebuiltStyles } from './drupal/common.ts'

/** Its active configuration lies in files, mostly among the public ones: database and files must be of one moment. */
export const backdropRules: FrameworkRules = {
  title: 'Backdrop',
  leftOut: [
    ...rebuiltAssets,
    ...rebuiltStyles,
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
    installerPath: '/core/install.php',
    failures: ['The website encountered an unexpected error', 'PDOException', 'The configuration file could not be loaded'],
  },
}
