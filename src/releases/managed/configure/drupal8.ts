import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { drupalDatabases, layDrupalSettings } from './drupalSettings.ts'

/** Drupal 8 and every later one. */
export function configureDrupal8(tree: CodeTree, facts: CodeFacts): string[] {
  return layDrupalSettings(tree, facts, drupalDatabases(facts.tablePrefix) + rest)
}

/**
 * What is compiled, container and templates, goes by the release: two releases that share a database or files never meet each
 * other's. It stands in no backup.
 */
const rest = `
if (empty($settings['hash_salt'])) {
  $settings['hash_salt'] = getenv('DRUPAL_HASH_SALT');
}
$settings['deployment_identifier'] = 'cairn-' . getenv('PANTHEON_DEPLOYMENT_IDENTIFIER');
$settings['php_storage']['twig']['directory'] = getenv('PANTHEON_ROLLING_TMP');
$settings['php_storage']['twig']['secret'] = getenv('DRUPAL_HASH_SALT') . getenv('PANTHEON_DEPLOYMENT_IDENTIFIER');
$settings['file_public_path'] = getenv('FILEMOUNT');
$settings['file_private_path'] = getenv('FILEMOUNT') . '/private';
$settings['file_temp_path'] = getenv('PANTHEON_ROLLING_TMP');
$settings['skip_permissions_hardening'] = TRUE;
if (getenv('CAIRN_URL')) {
  $settings['trusted_host_patterns'] = ['^' . preg_quote((string) parse_url(getenv('CAIRN_URL'), PHP_URL_HOST)) . '$'];
}
if (getenv('CAIRN_CRON_PAUSED')) {
  $config['automated_cron.settings']['interval'] = 0;
}
`
