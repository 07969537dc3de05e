import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { drupalDatabases, layDrupalSettings, ownAddress } from './drupalSettings.ts'

export function configureDrupal7(tree: CodeTree, facts: CodeFacts): string[] {
  return layDrupalSettings(tree, facts, drupalDatabases(facts.tablePrefix) + rest)
}

const rest = `
if (empty($drupal_hash_salt)) {
  $drupal_hash_salt = getenv('DRUPAL_HASH_SALT');
}
${ownAddress}$conf['file_public_path'] = getenv('FILEMOUNT');
$conf['file_private_path'] = getenv('FILEMOUNT') . '/private';
$conf['file_temporary_path'] = getenv('PANTHEON_ROLLING_TMP');
if (getenv('CAIRN_CRON_PAUSED')) {
  $conf['cron_safe_threshold'] = 0;
}
`
