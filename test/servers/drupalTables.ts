import type { DrupalKind } from './drupalShape.ts'

const ascii = 'CHARACTER SET ascii COLLATE ascii_bin'

/** Tables with what is easily lost: uid 0 in an AUTO_INCREMENT column, collations by column, serialized blobs, caches with paths. */
export function databaseOf(kind: DrupalKind, p: string, privateFiles: string): string {
  const cache = (name: string): string =>
    `CREATE TABLE ${p}${name} (cid varchar(255) ${ascii} NOT NULL PRIMARY KEY, data longblob, expire bigint NOT NULL DEFAULT 0,
      created decimal(14,3) NOT NULL DEFAULT 0, serialized smallint NOT NULL DEFAULT 0${kind === 'drupal10' ? `, tags longtext ${ascii}, checksum varchar(255) ${ascii}` : ''});
    INSERT INTO ${p}${name} (cid, data) VALUES ('old:/somewhere/else/services.yml', 0x00ff27225c), ('filler', REPEAT('cached ', 40000));`
  const caches =
    kind === 'drupal10' ? ['cache_bootstrap', 'cache_container', 'cache_render'] : ['cache', 'cache_bootstrap', 'cache_container']
  const serialized = `a:2:{s:4:"name";s:5:"Sh\\"pe";s:3:"bin";s:3:"\\0\\'\\\\";}`
  return `SET sql_mode='NO_AUTO_VALUE_ON_ZERO';
    CREATE TABLE ${p}users (uid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, uuid varchar(128) ${ascii}, name varchar(60) NOT NULL DEFAULT '');
    INSERT INTO ${p}users VALUES (0, 'a', 'nobody'), (1, 'b', 'admin'), (7, 'C', 'editor');
    CREATE TABLE ${p}node (nid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, uid int unsigned NOT NULL, title varchar(255) COLLATE utf8mb4_general_ci, langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci);
    INSERT INTO ${p}node VALUES (1, 0, 'By nobody {curly} [square] "quoted"', 'en'), (2, 1, 'Grüße 😀', 'de'), (3, 7, 'By an editor', 'en');
    CREATE TABLE ${p}config (collection varchar(255) ${ascii} NOT NULL DEFAULT '', name varchar(255) ${ascii} NOT NULL, data longblob, PRIMARY KEY (collection, name));
    INSERT INTO ${p}config VALUES ('', 'system.site', '${serialized}'), ('', 'System.Site', 0x00010203fffe);
    CREATE TABLE ${p}key_value (collection varchar(128) ${ascii} NOT NULL, name varchar(128) ${ascii} NOT NULL, value longblob NOT NULL, PRIMARY KEY (collection, name));
    INSERT INTO ${p}key_value VALUES ('state', 'system.maintenance_mode', 'b:0;'), ('system.schema', 'system', 's:5:"10300";');
    CREATE TABLE ${p}router (name varchar(255) ${ascii} PRIMARY KEY, path varchar(255) ${ascii} NOT NULL, route longblob);
    INSERT INTO ${p}router VALUES ('front', '/', 0x00), ('user.login', '/user/login', 0x01);
    CREATE TABLE ${p}file_managed (fid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, uri varchar(255) COLLATE utf8mb4_bin, status tinyint NOT NULL DEFAULT 1);
    INSERT INTO ${p}file_managed (uri) VALUES ('public://photo.jpg'), ('private://report.pdf'), ('private://deep/er/letter.txt'), ('public://long-gone.jpg');
    CREATE TABLE ${p}variable (name varchar(128) NOT NULL PRIMARY KEY, value longblob NOT NULL);
    INSERT INTO ${p}variable VALUES ('file_private_path', 's:${privateFiles.length}:"${privateFiles}";'), ('maintenance_mode', 'i:0;');
    CREATE TABLE ${p}watchdog (wid bigint AUTO_INCREMENT PRIMARY KEY, message longtext);
    INSERT INTO ${p}watchdog (message) VALUES ('one'), ('two');
    CREATE TABLE ${p}queue (item_id int AUTO_INCREMENT PRIMARY KEY, data longblob); INSERT INTO ${p}queue (data) VALUES ('renew');
    CREATE TABLE ${p}history (uid int, nid int, PRIMARY KEY (uid, nid)); INSERT INTO ${p}history VALUES (1, 1);
    CREATE TABLE ${p}sessions (sid varchar(128) ${ascii} PRIMARY KEY, session longblob); INSERT INTO ${p}sessions VALUES ('s', 'x|i:1;');
    CREATE TABLE ${p}semaphore (name varchar(255) ${ascii} PRIMARY KEY, expire double); INSERT INTO ${p}semaphore VALUES ('cron', 1.5);
    CREATE TABLE ${p}flood (fid int AUTO_INCREMENT PRIMARY KEY, event varchar(64)); INSERT INTO ${p}flood (event) VALUES ('login');
    CREATE TABLE ${p}cache_profiles (id int AUTO_INCREMENT PRIMARY KEY, label varchar(60)); INSERT INTO ${p}cache_profiles (label) VALUES ('no cache, but the settings of a module');
    ${kind === 'drupal10' ? `CREATE TABLE ${p}cachetags (tag varchar(255) ${ascii} PRIMARY KEY, invalidations int NOT NULL DEFAULT 0); INSERT INTO ${p}cachetags VALUES ('node:1', 4), ('Node:1', 5);` : ''}
    ${caches.map(cache).join('\n')}`
}
