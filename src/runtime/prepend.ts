/**
 * `prepend.php`, which PHP runs before every script of an environment (`auto_prepend_file`). The same for every release: it
 * finds out which one it serves by the real path of the script.
 *
 * It refuses what is not a script of a release (uploads, above all); with 503, what comes during maintenance or belongs to a
 * release that is not `current`, whichever way it came: a request that waited in a queue, cron, the command line. The check
 * secret lets the warm-up and the boot check through; it comes as a FastCGI parameter, which no visitor can send. Then it sets
 * what `environment.json` says. Written for PHP 7.4 to 8.4; it prints nothing of its own unless it refuses.
 */
export function prependPhp(environmentDirectory: string): string {
  return `<?php
// Written by Cairn, and written anew: changes are lost.
if (!function_exists('cairn_define')) {
    /** What the environment has set wins over what the site's own configuration says. */
    function cairn_define($name, $value, $ignored = false)
    {
        return defined($name) || define($name, $value);
    }
}
(static function () {
    $environment = ${phpString(environmentDirectory)};
    $isWeb = PHP_SAPI !== 'cli' && PHP_SAPI !== 'phpdbg';
    $refuse = static function ($status, $reason) use ($isWeb) {
        if (!$isWeb) {
            fwrite(STDERR, $reason . "\\n");
            exit(75);
        }
        http_response_code($status);
        header('Cache-Control: no-store');
        header('Content-Type: text/plain; charset=utf-8');
        if ($status === 503) {
            header('Retry-After: 5');
        }
        echo $reason, "\\n";
        exit;
    };
    $releaseOf = static function ($path) use ($environment) {
        $real = is_string($path) && $path !== '' ? realpath($path) : false;
        $top = $environment . '/releases/';
        if ($real === false || strncmp($real, $top, strlen($top)) !== 0) {
            return null;
        }
        return preg_match('~^([0-9]+)/code(?:/|$)~D', substr($real, strlen($top)), $found) === 1 ? $found[1] : null;
    };
    $current = @readlink($environment . '/current');
    $release = $releaseOf(isset($_SERVER['SCRIPT_FILENAME']) ? $_SERVER['SCRIPT_FILENAME'] : null);
    if ($isWeb) {
        if ($release === null) {
            $refuse(403, 'This file is not run');
        }
        $root = realpath(isset($_SERVER['DOCUMENT_ROOT']) ? $_SERVER['DOCUMENT_ROOT'] : '');
        if ($root === false || $releaseOf($root) !== $release) {
            $refuse(503, 'The site is being changed');
        }
        $_SERVER['DOCUMENT_ROOT'] = $root;
    } elseif ($release === null) {
        // tools stand elsewhere and work where they are called
        $release = $releaseOf(getcwd());
        if ($release === null && preg_match('~^releases/([0-9]+)$~D', (string) $current, $found) === 1) {
            $release = $found[1];
        }
    }
    $text = $release === null ? false : @file_get_contents("$environment/releases/$release/environment.json");
    $told = $text === false ? null : json_decode($text, true);
    if (!is_array($told) || !isset($told['version'], $told['checkSecret']) || $told['version'] !== 1) {
        $refuse(503, 'The site is not ready');
    }
    $given = $isWeb ? (isset($_SERVER['CAIRN_CHECK']) ? $_SERVER['CAIRN_CHECK'] : '') : (string) getenv('CAIRN_CHECK');
    $isCheck = is_string($told['checkSecret']) && strlen($told['checkSecret']) >= 16
        && is_string($given) && hash_equals($told['checkSecret'], $given);
    if (!$isCheck && ($current !== 'releases/' . $release || file_exists($environment . '/maintenance'))) {
        $refuse(503, 'The site is being changed');
    }
    $set = $isCheck && !empty($_SERVER['CAIRN_BOOT']) ? $told['boot'] : $told;
    unset($_SERVER['CAIRN_CHECK'], $_SERVER['CAIRN_BOOT'], $_ENV['CAIRN_CHECK'], $_ENV['CAIRN_BOOT']);
    foreach ($set['variables'] as $name => $value) {
        $_ENV[$name] = $_SERVER[$name] = $value;
        putenv($name . '=' . $value);
    }
    $constants = $set['constants'];
    foreach ($constants as $name => $value) {
        cairn_define($name, $value);
    }
    // a configuration that was written for another host defines the same names, here or in what it includes: it says nothing
    // new, and is no mistake; everything else goes on to PHP's own handler
    set_error_handler(static function ($level, $message) use ($constants) {
        return preg_match('~^Constant (\\w+) already defined~', $message, $found) === 1 && isset($constants[$found[1]]);
    }, E_WARNING | E_NOTICE);
})();
`
}

function phpString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
