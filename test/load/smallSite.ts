import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import { type Chance, giveTree, growTree, mutateTree } from '../../src/releases/apply/randomTree.suite.ts'
import type { TestMariadb } from '../servers/mariadb.ts'

export interface SmallSite {
  directory: string
  database: string
  mariadb: TestMariadb
}

const lineBytes = 40

/**
 * What Cairn takes for a WordPress, small enough to be backed up and restored within a second or two: code and uploads with
 * odd names, modes and links, a database with foreign keys, a trigger, a view and a MyISAM table.
 */
export async function makeSmallSite(
  chance: Chance,
  directory: string,
  mariadb: TestMariadb,
  database: string,
): Promise<SmallSite> {
  const password = randomBytes(12).toString('hex')
  for (const folder of ['wp-admin', 'wp-includes', 'wp-content/plugins', 'wp-content/uploads']) {
    mkdirSync(join(directory, folder), { recursive: true })
  }
  const put = (path: string, body: string | Buffer): void => writeFileSync(join(directory, path), body)
  put('wp-includes/version.php', "<?php\n$wp_version = '6.5.5';\n")
  put('wp-settings.php', '<?php\n')
  put('wp-load.php', '<?php\n')
  put('index.php', "<?php\nrequire __DIR__ . '/wp-blog-header.php';\n")
  put('wp-config.php', configText(database, password, mariadb.socket))
  for (let i = 0; i < 60; i++) put(`wp-includes/part-${i}.php`, `<?php\n${phrase(chance, 200 + chance.below(800))}`)
  growTree(chance, join(directory, 'wp-content/plugins'), 3)
  growTree(chance, join(directory, 'wp-content/uploads'), 3)
  for (let i = 0; i < 12; i++) put(`wp-content/uploads/photo-${i}.jpg`, noise(chance, 200_000 + chance.below(400_000)))
  giveToWebServer(directory)
  chmodSync(directory, 0o755)
  await makeDatabase(chance, mariadb, database, password)
  return { directory, database, mariadb }
}

/** Changes files, uploads and tables here and there. */
export async function changeSite(chance: Chance, { directory, database, mariadb }: SmallSite): Promise<void> {
  const content = join(directory, 'wp-content')
  for (const folder of ['plugins', 'uploads']) {
    if (!existsSync(join(content, folder))) mkdirSync(join(content, folder))
    mutateTree(chance, join(content, folder))
    for (let i = chance.below(3); i > 0; i--) {
      const path = join(content, folder, `more-${chance.below(40)}.bin`)
      rmSync(path, { recursive: true, force: true }) // a change may have made anything of it, a directory too
      writeFileSync(path, noise(chance, chance.below(300_000)))
    }
  }
  // as PHP would have written them: a restored file gets the owner of the one that it replaces
  giveToWebServer(content)
  const tag = chance.below(1e6)
  const statements = [
    `UPDATE wp_posts SET post_content=CONCAT(post_content, '${tag}') WHERE ID%${2 + chance.below(50)}=0`,
    `DELETE FROM wp_posts WHERE ID%${20 + chance.below(50)}=0`,
    `INSERT INTO wp_posts (post_title, post_content) SELECT CONCAT('again ', ID), post_content FROM wp_posts LIMIT ${chance.below(400)}`,
    `INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT ID, 'tag', '${tag}' FROM wp_posts LIMIT 50`,
    `DROP TABLE IF EXISTS wp_extra${chance.below(3)}`,
    `CREATE TABLE IF NOT EXISTS wp_extra${chance.below(3)} (n int PRIMARY KEY, t text) AS SELECT seq AS n, 'x' AS t FROM seq_1_to_200`,
    `REPLACE INTO wp_options (option_name, option_value) VALUES ('tag', '${tag}')`,
    'DROP TRIGGER IF EXISTS counted',
    'DROP VIEW IF EXISTS wp_titles',
    `ALTER TABLE wp_old ADD COLUMN IF NOT EXISTS c${chance.below(4)} int DEFAULT ${tag}`,
  ]
  await mariadb.admin(statements.filter(() => chance.fraction() < 0.6).join(';\n') || 'DO 0', database)
}

async function makeDatabase(chance: Chance, mariadb: TestMariadb, database: string, password: string): Promise<void> {
  await mariadb.admin(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4;
    CREATE USER '${database}'@'localhost' IDENTIFIED BY '${password}';
    GRANT ALL ON \`${database}\`.* TO '${database}'@'localhost'`)
  await mariadb.admin(
    `CREATE TABLE wp_options (option_id bigint AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext);
    INSERT INTO wp_options (option_name, option_value) VALUES ('siteurl', 'http://small.test'), ('home', 'http://small.test'), ('upload_path', '');
    CREATE TABLE wp_users (ID bigint AUTO_INCREMENT PRIMARY KEY, user_login varchar(60));
    INSERT INTO wp_users (user_login) VALUES ('admin');
    CREATE TABLE wp_posts (ID bigint AUTO_INCREMENT PRIMARY KEY, post_title text, post_content longtext, post_type varchar(20) DEFAULT 'post');
    INSERT INTO wp_posts (post_title, post_content) SELECT CONCAT('Post ', seq), REPEAT(SHA2(seq, 512), 8) FROM seq_1_to_3000;
    CREATE TABLE wp_postmeta (meta_id bigint AUTO_INCREMENT PRIMARY KEY, post_id bigint, meta_key varchar(255), meta_value longtext,
      KEY meta_key (meta_key), CONSTRAINT of_post FOREIGN KEY (post_id) REFERENCES wp_posts (ID) ON DELETE CASCADE);
    INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT ID, 'number', ID FROM wp_posts;
    CREATE TABLE wp_counts (what varchar(20) PRIMARY KEY, n int);
    INSERT INTO wp_counts VALUES ('users', 1);
    CREATE TABLE wp_old (id int AUTO_INCREMENT PRIMARY KEY, t varchar(100)) ENGINE=MyISAM;
    INSERT INTO wp_old (t) SELECT '${phrase(chance, 2)}' FROM seq_1_to_500;`,
    database,
  )
  // with the site's own account, as plugins do: it is the definer
  const client = ['--no-defaults', `--socket=${mariadb.socket}`, `--user=${database}`, database]
  await runChild('mariadb', client, {
    env: { MYSQL_PWD: password },
    input: `CREATE TRIGGER counted AFTER INSERT ON wp_users FOR EACH ROW UPDATE wp_counts SET n = n + 1 WHERE what = 'users';
      CREATE VIEW wp_titles AS SELECT ID, post_title FROM wp_posts;`,
  })
}

function configText(database: string, password: string, socket: string): string {
  return `<?php
define( 'DB_NAME', '${database}' );
define( 'DB_USER', '${database}' );
define( 'DB_PASSWORD', '${password}' );
define( 'DB_HOST', 'localhost:${socket}' );
define( 'DB_CHARSET', 'utf8mb4' );
$table_prefix = 'wp_';
`
}

function phrase(chance: Chance, lines: number): string {
  return Array.from({ length: lines }, () =>
    chance
      .below(2 ** 32)
      .toString(36)
      .padEnd(lineBytes, '.'),
  ).join('\n')
}

function noise(chance: Chance, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(chance.below(2 ** 32), at)
  return bytes
}

function giveToWebServer(directory: string): void {
  if (process.getuid?.() === 0) giveTree(directory, 33, 33)
}
