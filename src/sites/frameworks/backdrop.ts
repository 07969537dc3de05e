import type { FrameworkRules } from './framework.ts'
import { oldArchives, rebuiltAssets, rebuiltStyles, sevenAndBackdrop, drupalBoots, siteMaps } from './drupal/common.ts'

/** Its active configuration lies in files, mostly among the public ones: database and files must be of one moment. */
export const backdropRules: FrameworkRules = {
  title: 'Backdrop',
  leftOut: [...rebuiltAssets, ...rebuiltStyles, siteMaps, ...oldArchives],
  ...sevenAndBackdrop,
  boots: {
    ...drupalBoots,
    installerPath: '/core/install.php',
    failures: ['The website encountered an unexpected error', 'PDOException', 'The configuration file could not be loaded'],
  },
}
