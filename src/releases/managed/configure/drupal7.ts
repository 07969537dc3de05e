import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { drupalDatabases, layDrupalSettings } from './drupalSettings.ts'

export function configureDrupal7(tree: CodeTree, facts: CodeFacts): string[] {
  return layDrupalSettings(tree, facts, drupalDatabases(facts.tablePrefix) + rest)
}

/** An address or a cookie domain that the code fixes would send visitors elsewhere, and sign nobody in. */
const rest = `
if (empty($drupal_hash_salt)) {
  $drupal_hash_salt = getenv('DRUPAL_HASH_SALT');
}
if (!empty($base_url) && getenv('CAIRN_URL')) {
  $base_url = getenv('CAIRN_URL');
}
$cookie_domain = NULL;
$conf['file_public_path'] = getenv('FILEMOUNT');
$conf['file_private_path'] = getenv('FILEMOUNT') . '/private';
$conf['file_temporary_path'] = getenv('PANTHEON_ROLLING_TMP');
if (getenv('CAIRN_CRON_PAUSED')) {
  $conf['cron_safe_threshold'] = 0;
}
`
