<?php
// Installs the Drupal or Backdrop in the working directory by its own installer, and gives it content. Arguments: one JSON text.
$given = json_decode($argv[1], true);
$url = "mysql://{$given['user']}:{$given['password']}@127.0.0.1:{$given['port']}/{$given['database']}";
$_SERVER += ['REMOTE_ADDR' => '127.0.0.1', 'REQUEST_METHOD' => 'GET', 'SERVER_SOFTWARE' => null, 'HTTP_USER_AGENT' => 'console'];
$_SERVER['HTTP_HOST'] = $_SERVER['SERVER_NAME'] = 'localhost';
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $_SERVER['REQUEST_URI'] = '/index.php';

if (!isset($given['step'])) {
    install($given, $url);
    // content comes from a process of its own: an installer leaves much behind
    passthru('php -d memory_limit=1G -d error_reporting=0 ' . escapeshellarg(__FILE__) . ' ' . escapeshellarg(json_encode($given + ['step' => 'content'])), $code);
    exit($code);
}
content($given);

function install(array $given, string $url): void {
    $account = ['name' => 'admin', 'mail' => 'admin@example.com', 'pass' => ['pass1' => 'adminpw', 'pass2' => 'adminpw']];
    $form = ['site_name' => 'Real', 'site_mail' => 'admin@example.com', 'account' => $account, 'update_status_module' => [], 'clean_url' => true];
    $mysql = ['database' => $given['database'], 'username' => $given['user'], 'password' => $given['password'], 'host' => '127.0.0.1', 'port' => $given['port'], 'prefix' => '', 'db_prefix' => ''];
    if ($given['kind'] === 'drupal7') {
        copy('sites/default/default.settings.php', 'sites/default/settings.php');
        define('DRUPAL_ROOT', getcwd());
        define('MAINTENANCE_MODE', 'install');
        require_once DRUPAL_ROOT . '/includes/install.core.inc';
        install_drupal(['parameters' => ['profile' => 'minimal', 'locale' => 'en'], 'forms' => ['install_settings_form' => ['driver' => 'mysql', 'mysql' => $mysql], 'install_configure_form' => $form]]);
    } elseif ($given['kind'] === 'drupal10') {
        // an older one is deprecated in many places by a newer PHP: its own error handler would come into its own way
        $calm = "\nerror_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);\n";
        file_put_contents('sites/default/settings.php', file_get_contents('sites/default/default.settings.php') . $calm);
        chmod('sites/default/settings.php', 0644);
        $loader = require 'autoload.php';
        Drupal\Core\DrupalKernel::bootEnvironment(); // which sets what is reported, once
        error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
        require_once 'core/includes/install.core.inc';
        // drivers have been extensions since 10.2, named by their namespace
        $driver = class_exists('Drupal\Core\Extension\DatabaseDriverList') ? 'Drupal\mysql\Driver\Database\mysql' : 'mysql';
        install_drupal($loader, ['interactive' => false, 'site_path' => 'sites/default', 'parameters' => ['profile' => 'minimal', 'langcode' => 'en'], 'forms' => ['install_settings_form' => ['driver' => $driver, $driver => $mysql], 'install_configure_form' => $form]]);
        chmod('sites/default/settings.php', 0644);
        file_put_contents('sites/default/settings.php', "\n\$settings['file_private_path'] = '{$given['privateFiles']}';\n", FILE_APPEND);
        chmod('sites/default/settings.php', 0444);
    } else {
        passthru('php -d error_reporting=0 core/scripts/install.sh --db-url=' . escapeshellarg($url) . ' --account-pass=adminpw --site-name=Real minimal 1>&2', $code);
        if ($code !== 0) exit($code);
    }
}

function content(array $given): void {
    if ($given['kind'] === 'drupal10') {
        $loader = require 'autoload.php';
        $request = Symfony\Component\HttpFoundation\Request::createFromGlobals();
        $kernel = Drupal\Core\DrupalKernel::createFromRequest($request, $loader, 'prod');
        $kernel->boot();
        $kernel->preHandle($request);
        Drupal\node\Entity\NodeType::create(['type' => 'page', 'name' => 'Page'])->save();
        for ($i = 1; $i <= 5; $i++) Drupal\node\Entity\Node::create(['type' => 'page', 'title' => "Page $i", 'uid' => $i % 2, 'promote' => 1, 'status' => 1])->save();
        return;
    }
    $core = $given['kind'] === 'backdrop' ? 'core/includes' : 'includes';
    define($given['kind'] === 'backdrop' ? 'BACKDROP_ROOT' : 'DRUPAL_ROOT', getcwd());
    require_once "$core/bootstrap.inc";
    $given['kind'] === 'backdrop' ? backdrop_bootstrap(BACKDROP_BOOTSTRAP_FULL) : drupal_bootstrap(DRUPAL_BOOTSTRAP_FULL);
    if ($given['kind'] === 'backdrop') config_set('system.core', 'file_private_path', $given['privateFiles']);
    else variable_set('file_private_path', $given['privateFiles']);
    $type = ['type' => 'page', 'name' => 'Page', 'base' => 'node_content', 'custom' => true, 'modified' => true, 'locked' => false, 'has_title' => true, 'title_label' => 'Title', 'settings' => ['promote_enabled' => true]];
    node_type_save($given['kind'] === 'backdrop' ? (object) $type : node_type_set_defaults($type));
    node_types_rebuild();
    for ($i = 1; $i <= 5; $i++) {
        $values = ['type' => 'page', 'title' => "Page $i", 'uid' => $i % 2, 'promote' => 1, 'status' => 1, 'comment' => 0, 'language' => 'und', 'langcode' => 'und'];
        $node = $given['kind'] === 'backdrop' ? entity_create('node', $values) : (object) $values;
        node_save($node);
    }
}
