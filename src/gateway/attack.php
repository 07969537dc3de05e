<?php
// What the code of a hostile site tries. Each attempt gives what it got; what is empty, false or an error is nothing.
$of = json_decode(base64_decode($_GET['of']), true);
$shell = static fn (string $command): string => trim((string) shell_exec("$command 2>/dev/null"));
$sql = static function (string $query, array $as = []) use ($of): string {
    mysqli_report(MYSQLI_REPORT_OFF);
    $as += ['user' => DB_USER, 'password' => DB_PASSWORD, 'host' => '127.0.0.1', 'socket' => null];
    $link = @mysqli_connect($as['host'], $as['user'], $as['password'], '', $of['port'], $as['socket']);
    $result = $link ? @mysqli_query($link, $query) : false;
    return $result === false ? '' : ($result === true ? 'done' : json_encode(mysqli_fetch_all($result)));
};
$socket = static function (string $path): string {
    $stream = @stream_socket_client("unix://$path", $code, $words, 2);
    return $stream === false ? '' : 'connected';
};
$written = static fn (string $path): string => (@file_put_contents($path, 'x') !== false || $GLOBALS['shell']("echo x > '$path' && echo yes") !== '') ? "wrote $path" : '';
$read = static fn (string $path): string => (string) (@file_get_contents($path) ?: $GLOBALS['shell']("cat '$path'"));
$list = static fn (string $path): string => implode(' ', array_diff(@scandir($path) ?: [], ['.', '..'])) ?: $GLOBALS['shell']("ls -A '$path'");

$own = $of['own'];
$other = $of['other'];
$data = $of['data'];
$attempts = [
    'control: its own upload' => fn () => $read("$own/files/f1/mine.txt"),
    'control: its own schema' => fn () => $sql('SELECT n FROM c_own.t'),
    'control: a program of the machine' => fn () => $shell('echo ran'),

    'list the data directory' => fn () => $list($data),
    'read the key of the repository' => fn () => $read("$data/repository.key"),
    'read the token of the local user' => fn () => $read("$data/token"),
    'list the applies' => fn () => $list("$data/applies"),
    'list the state database' => fn () => $list("$data/postgres"),
    'connect to the state database' => fn () => $socket("$data/postgres/socket/.s.PGSQL.5432"),
    'list the sites' => fn () => $list("$data/sites") . $list("$data/sites/shop"),
    'list the uploads on their way in' => fn () => $list("$data/bodies") . $list("$data/intake"),
    'hold a lock of Cairn' => fn () => $list("$data/locks") . $shell("flock -n '$data/locks/something' echo held"),
    'read the history of its code' => fn () => $list("$data/sites/shop/repository.git"),
    'find an abstract socket of Cairn' => fn () => implode(' ', preg_grep('/@.*cairn/i', file('/proc/net/unix') ?: [])),

    'list another environment' => fn () => $list($other),
    'read the secrets of another environment' => fn () => $read("$other/releases/000001/environment.json"),
    'read the code of another environment' => fn () => $read("$other/releases/000001/code/index.php"),
    'read an upload of another environment' => fn () => $read("$other/files/f1/theirs.txt"),
    'write an upload of another environment' => fn () => $written("$other/files/f1/planted.txt"),
    'list what another environment has in work' => fn () => $list("$other/tmp"),
    'include a script of another environment' => fn () => (string) @include "$other/releases/000001/code/index.php",
    'reach another environment through a link' => fn () => (@symlink($other, "$own/files/f1/link") ? '' : '') . $list("$own/files/f1/link/"),

    'hard-link an upload of another environment' => fn () => @link("$other/files/f1/theirs.txt", "$own/files/f1/hard") ? 'linked' : '',
    'list the scripts that PHP of others has compiled' => fn () => implode(' ', array_filter(
        array_keys(opcache_get_status(true)['scripts'] ?? []),
        fn ($path) => !str_starts_with(realpath($path), realpath($own)),
    )),

    'write its own code' => fn () => $written("$own/current/code/index.php"),
    'add a script to its own code' => fn () => $written("$own/current/code/added.php"),
    'replace the current release' => fn () => $shell("ln -sfn /tmp '$own/current' && echo yes"),
    'write what it is told' => fn () => $written("$own/current/environment.json"),
    'write prepend.php' => fn () => $written("$own/prepend.php"),
    'put up or remove the maintenance flag' => fn () => $written("$own/maintenance"),
    'write the configuration of its PHP' => fn () => $written("{$of['run']}/php-fpm.conf"),
    'write what Cairn notes of its PHP' => fn () => $written("{$of['run']}/master.json"),

    'read the environment of Cairn' => fn () => $read("/proc/{$of['pid']}/environ"),
    'read the memory map of Cairn' => fn () => $read("/proc/{$of['pid']}/maps"),
    'list the open files of Cairn' => fn () => $list("/proc/{$of['pid']}/fd"),
    'pass through the root of Cairn' => fn () => $read("/proc/{$of['pid']}/root$data/repository.key"),
    'see a process of anybody else' => fn () => $shell("cat /proc/[0-9]*/status | grep '^Uid:' | grep -v '\\b" . posix_getuid() . "\\b'"),
    'read the memory of Cairn' => fn () => $shell("head -c 16 /proc/{$of['pid']}/mem | base64"),
    'see how Cairn was started' => fn () => $read("/proc/{$of['pid']}/cmdline"),
    'trace Cairn' => fn () => $shell("strace -p {$of['pid']} -o /dev/stdout & sleep 0.2; kill $!; gdb -batch -p {$of['pid']} | grep -i attached"),
    'end the database server' => fn () => @posix_kill($of['mysqlPid'], 9) ? 'ended' : '',
    'end the PHP of another environment' => fn () => @posix_kill($of['otherPid'], 9) || $shell("kill -9 {$of['otherPid']} && echo yes") ? 'ended' : '',
    'end Cairn' => fn () => $shell("kill -9 {$of['pid']} && echo yes"),

    'list schemas of others' => fn () => str_replace(['[["c_own"]]', '[]'], '', $sql("SELECT schema_name FROM information_schema.schemata WHERE schema_name <> 'information_schema'")),
    'read the schema of a neighbour' => fn () => $sql('SELECT * FROM c_other.t'),
    'read through a view' => fn () => $sql('CREATE VIEW c_own.spy AS SELECT * FROM c_other.t'),
    'see the tables of a neighbour' => fn () => str_replace('[]', '', $sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'c_other'")),
    'write into the schema of a neighbour' => fn () => $sql('INSERT INTO c_other.t VALUES (1)'),
    'drop the schema of a neighbour' => fn () => $sql('DROP DATABASE c_other'),
    'move a table of a neighbour to itself' => fn () => $sql('RENAME TABLE c_other.t TO c_own.theirs'),
    'make a schema' => fn () => $sql('CREATE DATABASE c_evil'),
    'make an account' => fn () => $sql("CREATE USER evil IDENTIFIED BY 'evil'"),
    'give itself rights' => fn () => $sql('GRANT ALL ON *.* TO CURRENT_USER') . $sql('GRANT SELECT ON c_other.* TO CURRENT_USER'),
    'change the password of a neighbour' => fn () => $sql("ALTER USER r_other@'127.0.0.1' IDENTIFIED BY 'evil'"),
    'act as the administrator by a routine' => fn () => $sql('CREATE DEFINER=cairn@localhost FUNCTION c_own.spy() RETURNS int RETURN (SELECT n FROM c_other.t)'),
    'change a setting of the server' => fn () => $sql('SET GLOBAL max_connections = 1') . $sql("SET GLOBAL general_log = 'ON'"),
    'load a program into the server' => fn () => $sql("INSTALL SONAME 'ha_blackhole'") . $sql("CREATE FUNCTION evil RETURNS int SONAME 'evil.so'"),
    'end the connections of others' => fn () => implode(' ', array_filter(range(1, 60), fn ($id) => $sql("KILL $id") === 'done')),
    'stop the server' => fn () => $sql('SHUTDOWN'),
    'read the accounts of the server' => fn () => $sql('SELECT * FROM mysql.user'),
    'see what neighbours ask' => fn () => str_replace('[]', '', $sql("SELECT info FROM information_schema.processlist WHERE user <> '" . DB_USER . "'")),
    'read a file through the server' => fn () => trim($sql("SELECT LOAD_FILE('$data/repository.key')"), '[]nul'),
    'load a file of the server into a table' => fn () => $sql("LOAD DATA INFILE '$data/repository.key' INTO TABLE c_own.words"),
    'write a file through the server' => fn () => $sql("SELECT 1 INTO OUTFILE '/tmp/cairn-attack-{$of['pid']}'"),
    'lend itself the account of the neighbour' => fn () => $sql('SELECT 1', ['user' => 'r_other', 'password' => '']),
    'be the administrator without a password' => fn () => $sql('SELECT 1', ['user' => 'root', 'password' => '', 'host' => 'localhost', 'socket' => $of['mysql']])
        . $sql('SELECT 1', ['user' => 'cairn', 'password' => '', 'host' => 'localhost', 'socket' => $of['mysql']]),
    'read the files of the server' => fn () => $list("$data/mysql/data") . $list("$data/mysql/private"),

    'talk to the PHP of another environment' => fn () => $socket($of['otherSocket']),
    'read the configuration of the other PHP' => fn () => $read(dirname($of['otherSocket'], 2) . '/php-fpm.conf'),

    'become root' => fn () => (@posix_setuid(0) || @posix_setgid(0) || @posix_setuid(0)) ? 'root' : '',
    'become root by a program' => fn () => $shell('su -c id; sudo -n id; newgrp root </dev/null && id -u | grep -x 0'),
    'gain rights by a program that has them' => fn () => str_replace("NoNewPrivs:\t1", '', $shell("grep NoNewPrivs /proc/self/status")),
    'enter a namespace of others' => fn () => $shell("nsenter -t {$of['pid']} -m -p true && echo yes"),
    'mount something' => fn () => $shell('mount -t tmpfs none /mnt && echo yes'),
    'read what root may read' => fn () => $read('/etc/shadow'),
    'list what root has' => fn () => $shell('ls /root'),
];
$got = [];
foreach ($attempts as $name => $attempt) {
    try {
        $result = $attempt();
        $got[$name] = $result === '' ? 'nothing' : mb_strimwidth("GOT $result", 0, 200);
    } catch (Throwable $error) {
        $got[$name] = 'nothing';
    }
}
header('Content-Type: application/json');
echo json_encode($got, JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR);
