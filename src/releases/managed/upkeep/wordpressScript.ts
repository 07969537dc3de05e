/**
 * What brings the tables of a WordPress to its code, and empties its caches. Its argument is JSON: `{url, update, clear}`, the
 * address of the site, one of a network each time. It ends with a line that says it came to its end.
 */
export const wordpressScript = `<?php
$cairn = json_decode($argv[1], true);
$cairn['parts'] = parse_url($cairn['url']);
$_SERVER['HTTP_HOST'] = $cairn['parts']['host'] . (isset($cairn['parts']['port']) ? ':' . $cairn['parts']['port'] : '');
$_SERVER['SERVER_NAME'] = $cairn['parts']['host'];
$_SERVER['REQUEST_URI'] = isset($cairn['parts']['path']) ? $cairn['parts']['path'] : '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';
$_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] = '/index.php';
if ($cairn['parts']['scheme'] === 'https') {
    $_SERVER['HTTPS'] = 'on';
}
if ($cairn['update']) {
    define('WP_INSTALLING', true); // as wp-admin/upgrade.php
}
register_shutdown_function(static function () {
    $error = error_get_last(); // a site turns the display of errors off
    if ($error !== null && in_array($error['type'], [E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_RECOVERABLE_ERROR], true)) {
        fwrite(STDERR, 'Cairn: ' . strtok($error['message'], "\\n") . "\\n");
    }
});
ob_start();
require getcwd() . '/wp-load.php';
$cairn['done'] = [];
if ($cairn['update']) {
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    $cairn['before'] = (int) get_option('db_version');
    wp_upgrade();
    wp_cache_flush();
    $cairn['after'] = (int) get_option('db_version');
    if ($cairn['after'] !== (int) $wp_db_version) {
        fwrite(STDERR, "Cairn: the tables are of version {$cairn['after']} after the update, the code wants $wp_db_version\\n");
        exit(1);
    }
    if (is_multisite() && is_main_site()) {
        update_site_option('wpmu_upgrade_site', $wp_db_version);
    }
    if ($cairn['before'] !== $cairn['after']) {
        $cairn['done'][] = "tables of {$cairn['url']} updated from {$cairn['before']} to {$cairn['after']}";
    }
}
if ($cairn['clear']) {
    $wpdb->query("DELETE FROM $wpdb->options WHERE option_name LIKE '\\\\_transient\\\\_%' OR option_name LIKE '\\\\_site\\\\_transient\\\\_%'");
    if (is_multisite() && is_main_site()) {
        $wpdb->query("DELETE FROM $wpdb->sitemeta WHERE meta_key LIKE '\\\\_site\\\\_transient\\\\_%'");
    }
    wp_cache_flush();
}
ob_end_clean();
echo "\\nCAIRN ", json_encode($cairn['done']), "\\n";
`
