import { mkdirSync, rmSync, utimesSync, writeFileSync, existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runChild } from '../../../src/base/spawn.ts'
import { type Chance, giveTree } from '../../../src/releases/apply/randomTree.suite.ts'

/** Where content given to a lab came from: none of its pages may name it. */
export const sourceUrl = 'http://source.example.org'

/** It says what its three parts are, whether its address is its own, and shows an installer where it has no tables. */
const frontPage = `<?php
[$host, $port] = explode(':', DB_HOST . ':');
mysqli_report(MYSQLI_REPORT_OFF);
$db = @mysqli_connect($host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port ?: null);
if (!$db) { http_response_code(500); exit('Error establishing a database connection: ' . mysqli_connect_error()); }
$option = static fn ($name) => (($found = @$db->query("SELECT option_value FROM wp_options WHERE option_name='$name'")) ? $found->fetch_row()[0] : null);
$mark = $option('lab_mark');
if ($mark === null) { header('Location: /wp-admin/install.php', true, 302); exit; }
usleep((int) ($_GET['ms'] ?? 0) * 1000);
header('Content-Type: application/json');
$files = @file_get_contents(__DIR__ . '/wp-content/uploads/mark.txt');
echo json_encode(['code' => require __DIR__ . '/mark.php', 'files' => $files === false ? 'none' : $files, 'database' => $option('lab_mark'),
  'release' => (int) getenv('PANTHEON_DEPLOYMENT_IDENTIFIER'), 'isAtHome' => $option('siteurl') === getenv('CAIRN_URL')]);
`

/** As much of WordPress as its update asks for. Half an update shows in the mark, and so does one of a half-updated copy. */
const updater = {
  'wp-load.php': `<?php
define('ABSPATH', __DIR__ . '/');
$wp_db_version = 2;
function get_option($name) { return 2; }
function wp_cache_flush() {}
function is_multisite() { return false; }
`,
  'wp-admin/includes/upgrade.php': `<?php
function wp_upgrade() {
  [$host, $port] = explode(':', DB_HOST . ':');
  mysqli_report(MYSQLI_REPORT_OFF);
  $db = mysqli_connect($host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port ?: null);
  $add = static fn ($word) => $db->query("UPDATE wp_options SET option_value=CONCAT(option_value, '$word') WHERE option_name='lab_mark'");
  $add(' upd');
  usleep(400000);
  $db->query("UPDATE wp_posts SET post_content=CONCAT(post_content, ' updated')");
  $add('ated');
}
`,
}

/** The mark of a database that the update has gone over. */
export function updated(mark: string): string {
  return `${mark} updated`
}

/** The code of a lab with this mark, as it stands in an archive: what Cairn takes for a WordPress, and small. */
export function layCode(chance: Chance, directory: string, mark: string): void {
  const files: Record<string, string> = {
    'index.php': frontPage,
    'mark.php': `<?php return '${mark}';\n`,
    'wp-settings.php': '<?php // lab\n',
    'wp-login.php': '<?php // lab\n',
    'wp-admin/index.php': '<?php // lab\n',
    'wp-includes/version.php': "<?php\n$wp_version = '6.5.5';\n",
    'wp-content/index.php': '<?php // lab\n',
    ...updater,
  }
  for (let i = 0; i < 40; i++) files[`wp-includes/part-${i}.php`] = `<?php // ${mark} ${phrase(chance, 20 + chance.below(300))}\n`
  for (let i = chance.below(8); i >= 0; i--)
    files[`wp-content/plugins/p${chance.below(20)}/a file.php`] = `<?php // ${phrase(chance, 9)}\n`
  for (const [path, text] of Object.entries(files)) put(directory, path, text)
}

/** Uploads with this mark: names, sizes and times that differ from mark to mark. */
export function layFiles(chance: Chance, directory: string, mark: string): void {
  put(directory, 'mark.txt', mark)
  for (let i = 0; i < 12; i++)
    put(directory, `2026/${10 + chance.below(3)}/photo-${i}.jpg`, noise(chance, 2000 + chance.below(150_000)))
  for (const name of ['ü ☃.txt', '-rf', ' blank ', "quote'", 'deep/er/and/deeper/file'])
    put(directory, `odd/${name}`, `${mark} ${name}`)
  let seconds = 1_700_000_000
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    utimesSync(join(directory, path), (seconds += 7), seconds)
}

/** As visitors and editors change uploads: some written over, some gone, some new. `owner`: as whom its PHP runs. */
export function changeFiles(chance: Chance, directory: string, mark: string, owner: { uid: number; gid: number }): void {
  put(directory, 'mark.txt', mark)
  for (const name of ['photo-1.jpg', 'photo-3.jpg', 'photo-8.jpg']) {
    const path = `2026/${10 + chance.below(3)}/${name}`
    if (chance.fraction() < 0.4) rmSync(join(directory, path), { force: true })
    else put(directory, path, noise(chance, chance.below(150_000)))
  }
  put(directory, `more/${chance.below(30)}.bin`, noise(chance, chance.below(90_000)))
  for (const name of ['mark.txt', '2026', 'more'])
    if (existsSync(join(directory, name))) giveTree(join(directory, name), owner.uid, owner.gid)
}

/** A dump with this mark, as another tool would have written it. */
export function dumpOf(chance: Chance, mark: string): string {
  const posts = Array.from({ length: 150 }, (_, i) => {
    const text = `${mark} ${phrase(chance, 6)} <a href="${sourceUrl}/${i}/">more</a>`
    return `(${i + 1},'Post ${i}','${text}','post')`
  })
  const widget = `a:1:{s:3:"url";s:${sourceUrl.length + 1}:"${sourceUrl}/";}`
  return `SET NAMES utf8mb4;
CREATE TABLE wp_options (option_id bigint AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO wp_options (option_name, option_value) VALUES ('siteurl','${sourceUrl}'),('home','${sourceUrl}'),('blog_public','0'),('lab_mark','${mark}'),('widget','${widget}');
CREATE TABLE wp_users (ID bigint AUTO_INCREMENT PRIMARY KEY, user_login varchar(60)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO wp_users (user_login) VALUES ('admin');
CREATE TABLE wp_posts (ID bigint AUTO_INCREMENT PRIMARY KEY, post_title text, post_content longtext, post_type varchar(20) DEFAULT 'post') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO wp_posts VALUES ${posts.join(',\n')};
CREATE TABLE wp_counts (what varchar(20) PRIMARY KEY, n int) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO wp_counts VALUES ('users',1);
CREATE TRIGGER counted AFTER INSERT ON wp_users FOR EACH ROW UPDATE wp_counts SET n = n + 1 WHERE what = 'users';
CREATE VIEW wp_titles AS SELECT ID, post_title FROM wp_posts;
-- Dump completed
`
}

/** What editors change: statements for the site's own account. */
export function changesOf(chance: Chance, mark: string): string[] {
  return [
    `UPDATE wp_options SET option_value='${mark}' WHERE option_name='lab_mark'`,
    `UPDATE wp_posts SET post_content=CONCAT(post_content, ' ${mark}') WHERE ID%${2 + chance.below(9)}=0`,
    `DELETE FROM wp_posts WHERE ID%${20 + chance.below(30)}=3`,
    `INSERT INTO wp_users (user_login) VALUES ('${mark}')`,
  ]
}

/** A `.tar.gz` of a directory's content below one top directory. */
export async function packTree(directory: string, top: string, to: string): Promise<void> {
  await runChild('tar', ['-czf', to, '--owner=0', '--group=0', `--transform=s,^\\.,${top},S`, '-C', directory, '.'])
}

/** With a time of whole seconds: an archive has no finer ones, and some content comes back by way of one. */
function put(directory: string, path: string, body: string | Buffer): void {
  const seconds = Math.floor(Date.now() / 1000)
  mkdirSync(join(directory, dirname(path)), { recursive: true })
  writeFileSync(join(directory, path), body)
  utimesSync(join(directory, path), seconds, seconds)
}

function phrase(chance: Chance, words: number): string {
  return Array.from({ length: words }, () => chance.below(2 ** 32).toString(36)).join(' ')
}

function noise(chance: Chance, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(chance.below(2 ** 32), at)
  return bytes
}
