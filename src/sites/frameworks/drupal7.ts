import type { FrameworkRules } from './framework.ts'
import { oldArchives, rebuiltAssets, rebuiltStyles, sevenAndBackdrop, drupalBoots, siteMaps } from './drupal/common.ts'

export const drupal7Rules: FrameworkRules = {
  title: 'Drupal 7',
  leftOut: [
    ...rebuiltAssets,
    ...rebuiltStyles,
    { within: 'files', glob: 'ctools', reason: 'CSS that CTools writes again by itself' },
    { within: 'files', glob: 'less', reason: 'CSS that the LESS module compiles again by itself' },
    siteMaps,
    ...oldArchives,
  ],
  ...sevenAndBackdrop,
  boots: {
    ...drupalBoots,
    installerPath: '/install.php',
    failures: ['The website encountered an unexpected error', 'PDOException', 'Additional uncaught exception thrown'],
  },
}
