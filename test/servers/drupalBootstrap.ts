import type { DrupalKind } from './drupalShape.ts'

export const frontController = `<?php
require __DIR__ . (is_dir(__DIR__ . '/core') ? '/core' : '/includes') . '/shape.inc';
`

/**
 * As far as it matters here what the real ones do for each request: `sites/sites.php`, settings, connection, container out of
 * the cache or built anew, route, page. Nothing is caught: what is missing is a 500.
 */
export function bootstrap(kind: DrupalKind): string {
  const root = kind === 'backdrop' ? 'BACKDROP_ROOT' : 'DRUPAL_ROOT'
  const site = kind === 'backdrop' ? '.' : 'sites/default'
  return `<?php
define('${root}', dirname(__DIR__));
chdir(${root});
set_error_handler(function ($level, $message) { throw new ErrorException($message); });
set_exception_handler(function ($error) { http_response_code(500); echo 'The website encountered an unexpected error: ', $error->getMessage(); });
$sites = array();
if (file_exists(${root} . '/sites/sites.php')) { include ${root} . '/sites/sites.php'; }
$app_root = ${root};
$site_path = '${site}';
if (!is_readable("$app_root/$site_path/settings.php")) { header('Location: /core/install.php', true, 302); exit; }
require "$app_root/$site_path/settings.php";
$host = ${kind === 'backdrop' ? `$_SERVER['HTTP_HOST']` : `preg_replace('/:\\d+$/', '', $_SERVER['HTTP_HOST'])`};
$trusted = array_filter($settings['trusted_host_patterns'] ?? array('.'), fn ($pattern) => preg_match("{{$pattern}}i", $host));
if (!$trusted) { http_response_code(400); exit('The provided host name is not valid for this server.'); }
${
  kind === 'backdrop'
    ? `$parts = parse_url($database);
parse_str($parts['query'] ?? '', $query);
$info = $query + array('database' => rawurldecode(substr($parts['path'], 1)), 'username' => rawurldecode($parts['user']), 'password' => rawurldecode($parts['pass']), 'host' => $parts['host'], 'port' => $parts['port'] ?? 3306, 'prefix' => $database_prefix ?? '');`
    : `$info = $databases['default']['default'];`
}
$at = isset($info['unix_socket']) ? "unix_socket={$info['unix_socket']}" : "host={$info['host']};port={$info['port']}";
$pdo = new PDO("mysql:$at;dbname={$info['database']};charset=utf8mb4", $info['username'], $info['password'], array(PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION));
if ($pdo->query('SHOW TABLES')->fetchColumn() === false) { header('Location: /core/install.php', true, 302); exit; }
$pdo->exec("SET sql_mode='ANSI,TRADITIONAL'");
function query($sql, $args = array()) {
  global $pdo, $info;
  $sql = str_replace(array('{', '}'), array('"' . $info['prefix'], '"'), $sql);
  $statement = $pdo->prepare($sql);
  $statement->execute($args);
  return $statement;
}
$yml = ${root} . '/${site}/services.yml';
$cached = query('SELECT data FROM {cache_container} WHERE cid = ?', array($yml))->fetchColumn();
if ($cached === false) {
  $schema = query("SELECT value FROM {key_value} WHERE collection = 'system.schema'")->fetchColumn();
  if ($schema === false) { throw new Exception('no schema version'); }
  ${kind === 'drupal7' ? `$private = $conf['file_private_path'] ?? unserialize(query("SELECT value FROM {variable} WHERE name = 'file_private_path'")->fetchColumn());` : ''}
  ${kind === 'drupal10' ? `$private = $settings['file_private_path'];` : ''}
  ${kind === 'backdrop' ? `$private = $config['system.core']['file_private_path'] ?? json_decode(file_get_contents($config_directories['active'] . '/system.core.json'), true)['file_private_path']; json_decode(file_get_contents($config_directories['active'] . '/shape.settings.json'), true)['slogan'];` : ''}
  $cached = serialize(array('schema' => $schema, 'private' => $private));
  query('INSERT INTO {cache_container} (cid, data) VALUES (?, ?)', array($yml, $cached));
}
$container = unserialize($cached);
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (query('SELECT name FROM {router} WHERE path = ?', array($path))->fetchColumn() === false) { http_response_code(404); exit('Not found'); }
if ($path === '/user/login') {
  query('SELECT COUNT(*) FROM {watchdog}');
  exit('<form>name and password</form>');
}
${
  kind === 'drupal10'
    ? `$twig = $settings['php_storage']['twig']['directory'] ?? "$app_root/$site_path/files/php/twig";
if (!is_dir("$twig/page_New")) { umask(0); mkdir("$twig/page_New", 0777, true); file_put_contents("$twig/page_New/1.php", '<?php // for ' . $app_root); chmod("$twig/page_New/1.php", 0444); }`
    : ''
}
echo unserialize(query("SELECT data FROM {config} WHERE name = 'system.site'")->fetchColumn())['name'], "\\n";
foreach (query('SELECT n.title, u.name FROM {node} n JOIN {users} u ON u.uid = n.uid ORDER BY nid') as $row) { echo $row['title'], ' / ', $row['name'], "\\n"; }
echo file_get_contents($container['private'] . '/report.pdf'), "\\n";
echo hash('sha256', ${kind === 'drupal7' ? '$drupal_hash_salt' : `$settings['hash_salt']`}), "\\n";
`
}
