import type { Framework } from '../../contract/words.ts'

/** How a framework is recognised from its files alone. Adding one is adding a row; order matters: the first that fits wins. */
export interface Sign {
  framework: Framework | 'bedrock'
  /** Its name in sentences */
  title: string
  /** All of these exist, relative to the directory that is looked at */
  all: string[]
  /** None of these exists */
  none: string[]
  version: { file: string; pattern: RegExp } | null
  /** Why it cannot be attached yet; null when it can */
  refusal: string | null
}

export const signs: Sign[] = [
  {
    framework: 'bedrock',
    title: 'Bedrock',
    all: ['config/application.php', 'web/app'],
    none: [],
    version: { file: 'composer.lock', pattern: /"name":\s*"roots\/wordpress(?:-no-content)?",\s*"version":\s*"v?([^"]+)"/ },
    refusal: 'Bedrock (WordPress built by Composer) comes in a later version; this one attaches WordPress, Drupal and Backdrop',
  },
  {
    // before Drupal 7, whose files it has too
    framework: 'backdrop',
    title: 'Backdrop',
    all: ['core/scripts/backdrop.sh'],
    none: [],
    version: { file: 'core/includes/bootstrap.inc', pattern: /define\('BACKDROP_VERSION',\s*'([^']+)'/ },
    refusal: null,
  },
  {
    framework: 'drupal8',
    title: 'Drupal',
    all: ['core/lib/Drupal.php'],
    none: [],
    version: { file: 'core/lib/Drupal.php', pattern: /const VERSION = '([^']+)'/ },
    refusal: null,
  },
  {
    framework: 'drupal7',
    title: 'Drupal 7',
    all: ['includes/bootstrap.inc', 'misc/ajax.js'],
    none: ['core'],
    version: { file: 'includes/bootstrap.inc', pattern: /define\('VERSION',\s*'([^']+)'/ },
    refusal: null,
  },
  {
    framework: 'wordpress',
    title: 'WordPress',
    all: ['wp-includes/version.php', 'wp-settings.php', 'wp-load.php'],
    none: [],
    version: { file: 'wp-includes/version.php', pattern: /\$wp_version\s*=\s*'([^']+)'/ },
    refusal: null,
  },
]

/** Where a docroot stands inside a code root, by custom. */
export const webRoots = ['web', 'docroot', 'public', 'public_html', 'html', 'htdocs', 'www']

/** The files by which a framework is recognised, relative to where its own code stands. */
export function signFiles(framework: Framework): string[] {
  const named = framework === 'wordpress_network' ? 'wordpress' : framework
  const sign = signs.find((one) => one.framework === named)
  return sign === undefined ? [] : [...new Set([...sign.all, ...(sign.version === null ? [] : [sign.version.file])])]
}
