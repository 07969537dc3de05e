import { dirname, join } from 'node:path'
import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { phpText, withAssignment } from './phpText.ts'

/**
 * WordPress takes its configuration from constants, and `prepend.php` defines the environment's before anything else: the
 * code's own `wp-config.php` stays word for word. Only the prefix of the tables is a variable, which nothing can set first.
 */
export function configureWordPress(tree: CodeTree, { coreDirectory, tablePrefix, ownTablePrefix }: CodeFacts): string[] {
  const own = [coreDirectory, dirname(coreDirectory)]
    .filter((directory, index) => index === 0 || coreDirectory !== '')
    .map((directory) => join(directory, 'wp-config.php'))
    .find((path) => tree.kind(path) !== null)
  if (own === undefined) {
    const path = join(coreDirectory, 'wp-config.php')
    tree.write(path, newConfig(tablePrefix ?? 'wp_'))
    return [path]
  }
  if (tablePrefix === null || tablePrefix === ownTablePrefix) return []
  const source = tree.read(own)
  const changed = source === null ? null : withAssignment(source, 'table_prefix', tablePrefix)
  if (changed !== null) tree.write(own, changed)
  return []
}

function newConfig(tablePrefix: string): string {
  return `<?php
// Written by Cairn: this code has no configuration of its own. Database, keys and addresses come from the environment.
defined('DB_CHARSET') || define('DB_CHARSET', 'utf8mb4');
defined('DB_COLLATE') || define('DB_COLLATE', '');
$table_prefix = ${phpText(tablePrefix)};
defined('WP_DEBUG') || define('WP_DEBUG', false);
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`
}
