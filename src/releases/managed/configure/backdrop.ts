import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { layDrupalSettings, ownAddress } from './drupalSettings.ts'
import { phpText } from './phpText.ts'

/** Its database is an address, and its configuration files: those that stood outside of the code came with the files. */
export function configureBackdrop(tree: CodeTree, facts: CodeFacts): string[] {
  const prefix = facts.tablePrefix === null ? '' : `$database_prefix = ${phpText(facts.tablePrefix)};\n`
  return layDrupalSettings(tree, facts, database + prefix + rest)
}

const database = `$database = sprintf(
  'mysql://%s:%s@%s:%s/%s',
  rawurlencode(getenv('DB_USER')),
  rawurlencode(getenv('DB_PASSWORD')),
  getenv('DB_HOST'),
  getenv('DB_PORT'),
  rawurlencode(getenv('DB_NAME'))
);
`

const rest = `
if (empty($settings['hash_salt'])) {
  $settings['hash_salt'] = getenv('DRUPAL_HASH_SALT');
}
${ownAddress}if (getenv('CAIRN_URL')) { // unlike Drupal it compares the port too
  $settings['trusted_host_patterns'] = ['^' . preg_quote((string) parse_url(getenv('CAIRN_URL'), PHP_URL_HOST)) . '(:[0-9]+)?$'];
}
foreach (['active', 'staging'] as $cairn_name) {
  $cairn_path = getenv('FILEMOUNT') . '/config-' . $cairn_name;
  if (is_dir(BACKDROP_ROOT . '/' . $cairn_path)) {
    $config_directories[$cairn_name] = $cairn_path;
  }
}
$config['system.core']['file_public_path'] = getenv('FILEMOUNT');
$config['system.core']['file_private_path'] = getenv('FILEMOUNT') . '/private';
$config['system.core']['file_temporary_path'] = getenv('PANTHEON_ROLLING_TMP');
if (getenv('CAIRN_CRON_PAUSED')) {
  $config['system.core']['cron_safe_threshold'] = 0;
}
`
