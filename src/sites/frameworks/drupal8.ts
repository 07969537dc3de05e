import type { FrameworkRules } from './framework.ts'
import { cacheRows, cacheTables, drupalBoots, oldArchives, rebuiltAssets, rebuiltStyles, siteMaps } from './drupal/common.ts'

/** Drupal 8 and every later one. */
export const drupal8Rules: FrameworkRules = {
  title: 'Drupal',
  leftOut: [
    ...rebuiltAssets,
    ...rebuiltStyles,
    { within: 'files', glob: 'php', reason: 'compiled Twig and services: they hold absolute paths and are built again' },
    { within: 'files', glob: 'ctools', reason: 'CSS that CTools writes again by itself' },
    siteMaps,
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
  caches: cacheRows,
  hold: 'sites-file',
  compiled: ['php'],
  managedFiles: { table: 'file_managed', column: 'uri' },
  boots: {
    ...drupalBoots,
    installerPath: '/core/install.php',
    failures: ['The website encountered an unexpected error', 'The provided host name is not valid for this server'],
  },
}
