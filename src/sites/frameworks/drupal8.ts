import type { FrameworkRules } from './framework.ts'
import { cacheTables, oldArchives, rebuiltAssets, rebuiltStyles } from './drupal/common.ts'

/** Drupal 8 and every later one. */
export const drupal8Rules: FrameworkRules = {
  title: 'Drupal',
  leftOut: [
    ...rebuiltAssets,
    ...rebuiltStyles,
    { within: 'files', glob: 'php', reason: 'compiled Twig and services: they hold absolute paths and are built again' },
    { within: 'files', glob: 'ctools', reason: 'CSS that CTools writes again by itself' },
    { within: 'files', glob: 'xmlsitemap', reason: 'site maps: cron writes them again' },
    ...oldArchives,
  ],
  structureOnly: [
    ...cacheTables,
    {
      name: /^cachetags$/,
      columns: ['tag', 'invalidations'],
      reason: 'what became invalid among the caches: empty together with them',
    },
  ],
  hold: 'sites-file',
  compiled: ['php'],
  managedFiles: { table: 'file_managed', column: 'uri' },
  boots: {
    frontPath: '/',
    loginPath: '/user/login',
    statuses: [200, 301, 302, 403],
    installerPath: '/core/install.php',
    failures: ['The website encountered an unexpected error', 'The provided host name is not valid for this server'],
  },
}
