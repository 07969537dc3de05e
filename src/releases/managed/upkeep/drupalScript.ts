/**
 * The same for Drupal 7 and Backdrop: what their update.php does, without its pages and its batch, each update to its end, and
 * then their own function that empties all caches. Its argument is JSON: `{url, update, clear, isBackdrop}`.
 */
export const drupalScript = `<?php
$cairn = json_decode($argv[1], true);
$cairn['parts'] = parse_url($cairn['url']);
$cairn['name'] = $cairn['isBackdrop'] ? 'backdrop' : 'drupal';
$cairn['call'] = static function ($name, ...$arguments) use ($cairn) {
    return call_user_func_array($cairn['name'] . '_' . $name, $arguments);
};
$cairn['phase'] = static function ($name) use ($cairn) {
    return constant(strtoupper($cairn['name']) . '_BOOTSTRAP_' . $name);
};
$cairn['fail'] = static function ($words) {
    fwrite(STDERR, 'Cairn: ' . trim(preg_replace('/\\\\s+/', ' ', html_entity_decode(strip_tags($words), ENT_QUOTES))) . "\\n");
    exit(1);
};
set_exception_handler(static function ($error) use ($cairn) {
    $cairn['fail'](get_class($error) . ': ' . $error->getMessage());
});
register_shutdown_function(static function () {
    $error = error_get_last(); // a site turns the display of errors off
    if ($error !== null && in_array($error['type'], [E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_RECOVERABLE_ERROR], true)) {
        fwrite(STDERR, 'Cairn: ' . strtok($error['message'], "\\n") . "\\n");
    }
});
$_SERVER['HTTP_HOST'] = $cairn['parts']['host'] . (isset($cairn['parts']['port']) ? ':' . $cairn['parts']['port'] : '');
$_SERVER['SERVER_NAME'] = $cairn['parts']['host'];
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['SERVER_SOFTWARE'] = 'Cairn';
$_SERVER['HTTP_USER_AGENT'] = 'Cairn';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';
$_SERVER['QUERY_STRING'] = '';
$_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] = '/index.php';
if ($cairn['parts']['scheme'] === 'https') {
    $_SERVER['HTTPS'] = 'on';
}
define(strtoupper($cairn['name']) . '_ROOT', getcwd());
$cairn['includes'] = getcwd() . ($cairn['isBackdrop'] ? '/core/includes/' : '/includes/');
$cairn['done'] = [];
ob_start();
if ($cairn['update']) {
    define('MAINTENANCE_MODE', 'update');
    foreach (['bootstrap', 'update', 'common', 'file', 'entity', 'unicode'] as $cairn['file']) {
        if (is_file($cairn['includes'] . $cairn['file'] . '.inc')) {
            require_once $cairn['includes'] . $cairn['file'] . '.inc';
        }
    }
    if ($cairn['isBackdrop']) {
        // update.inc calls this one, and update.php has it
        function update_extra_requirements($requirements = null)
        {
            static $all = [];
            $all += (array) $requirements;
            return $all;
        }
    }
    $cairn['isBackdrop'] ? update_prepare_bootstrap() : update_prepare_d7_bootstrap();
    $cairn['call']('bootstrap', $cairn['phase']('SESSION'));
    if ($cairn['isBackdrop']) {
        $GLOBALS[LANGUAGE_TYPE_INTERFACE] = language_default();
    }
    require_once $cairn['includes'] . 'install.inc';
    require_once $cairn['includes'] . 'module.inc';
    if ($cairn['isBackdrop'] && is_file($cairn['includes'] . 'tablesort.inc')) {
        require_once $cairn['includes'] . 'tablesort.inc';
    }
    // hooks that the new code has and the old one had not
    $cairn['modules'] = ($cairn['isBackdrop'] ? 'core/' : '') . 'modules/system/system.module';
    $module_list['system']['filename'] = $cairn['modules'];
    module_list(true, false, false, $module_list);
    $cairn['call']('load', 'module', 'system');
    $cairn['isBackdrop'] ? module_implements_reset() : module_implements('', false, true);
    $cairn['call']('bootstrap', $cairn['phase']('LANGUAGE'));
    $cairn['isBackdrop'] ? update_fix_requirements() : update_fix_d7_requirements();
    module_list(true);
    $cairn['call']('bootstrap', $cairn['phase']('FULL'));
    set_exception_handler(static function ($error) use ($cairn) {
        $cairn['fail'](get_class($error) . ': ' . $error->getMessage());
    });
    $cairn['call']('maintenance_theme');
    require_once $cairn['includes'] . 'batch.inc';
    $cairn['call']('load_updates');
    update_fix_compatibility();
    $cairn['requirements'] = module_invoke_all('requirements', 'update') + ($cairn['isBackdrop'] ? update_extra_requirements() : []);
    foreach ($cairn['requirements'] as $cairn['requirement']) {
        if (isset($cairn['requirement']['severity']) && $cairn['requirement']['severity'] == REQUIREMENT_ERROR) {
            $cairn['told'] = isset($cairn['requirement']['description']) ? $cairn['requirement']['description'] : $cairn['requirement']['value'];
            $cairn['fail']($cairn['requirement']['title'] . ': ' . (is_string($cairn['told']) ? $cairn['told'] : ''));
        }
    }
    $cairn['start'] = [];
    foreach (update_get_update_list() as $cairn['module'] => $cairn['item']) {
        if (!isset($cairn['item']['start'])) {
            $cairn['fail']($cairn['module'] . ': ' . (isset($cairn['item']['warning']) ? $cairn['item']['warning'] : 'it cannot be updated'));
        }
        if (!empty($cairn['item']['pending'])) {
            $cairn['start'][$cairn['module']] = $cairn['item']['start'];
        }
    }
    $cairn['updates'] = update_resolve_dependencies($cairn['start']);
    foreach ($cairn['updates'] as $cairn['function'] => $cairn['one']) {
        if (empty($cairn['one']['allowed'])) {
            $cairn['missing'] = empty($cairn['one']['missing_dependencies']) ? '' : implode(', ', $cairn['one']['missing_dependencies']);
            $cairn['fail']($cairn['function'] . ' cannot be run: ' . ($cairn['missing'] === '' ? "the module's code is wrong" : "it needs {$cairn['missing']}"));
        }
    }
    $cairn['context'] = ['results' => []];
    foreach ($cairn['updates'] as $cairn['function'] => $cairn['one']) {
        $cairn['module'] = $cairn['one']['module'];
        $cairn['number'] = $cairn['one']['number'];
        if (isset($cairn['start'][$cairn['module']])) {
            $cairn['call']('set_installed_schema_version', $cairn['module'], $cairn['number'] - 1);
            unset($cairn['start'][$cairn['module']]);
        }
        $cairn['needs'] = empty($cairn['one']['reverse_paths']) ? [] : array_keys($cairn['one']['reverse_paths']);
        $cairn['context']['sandbox'] = [];
        do {
            $cairn['context']['finished'] = 1;
            update_do_one($cairn['module'], $cairn['number'], $cairn['needs'], $cairn['context']);
            if (!empty($cairn['context']['results']['#abort'])) {
                $cairn['abort'] = $cairn['context']['results'][$cairn['module']][$cairn['number']]['#abort'];
                $cairn['fail']("{$cairn['function']}: " . (isset($cairn['abort']['query']) ? $cairn['abort']['query'] : 'it failed'));
            }
        } while ($cairn['context']['finished'] < 1);
        $cairn['done'][] = $cairn['function'];
    }
} else {
    require_once $cairn['includes'] . 'bootstrap.inc';
    $cairn['call']('bootstrap', $cairn['phase']('FULL'));
}
$cairn['call']('flush_all_caches');
while (ob_get_level() > 0) {
    ob_end_clean();
}
echo "\\nCAIRN ", json_encode($cairn['done']), "\\n";
`
