import type { TestMariadb } from '../servers/mariadb.ts'
import { captureLive } from '../../src/releases/database/capture.ts'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import { facts } from '../../src/elements/database/catalogue.ts'
import { quoteName } from '../../src/elements/database/sqlText.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'

/**
 * Every kind of table and object that has ever hurt a restore. `release` marks rows and bodies, to tell two schemas apart;
 * `definer` owns the routines, since only their owner may read them.
 */
export async function makeHardDatabase(server: TestMariadb, schema: string, release: number, definer: string): Promise<void> {
  const q = quoteName(schema)
  await server.admin(`DROP DATABASE IF EXISTS ${q}; CREATE DATABASE ${q} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;`)
  await server.admin(tables, schema)
  await server.admin(rows.replaceAll('RELEASE', String(release)), schema)
  await server.admin(
    objects.replaceAll('RELEASE', String(release)).replaceAll(/^CREATE (FUNCTION|PROCEDURE)/gm, `CREATE DEFINER=${definer} $1`),
    schema,
  )
}

const tables = `
SET foreign_key_checks=0, sql_mode='';
CREATE TABLE wp_posts(ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, t longtext, r int NOT NULL,
  c varchar(40) GENERATED ALWAYS AS (left(t,40)) STORED, v int AS (r+1) VIRTUAL, KEY c(c), FULLTEXT KEY ft(t)) ENGINE=InnoDB;
CREATE TABLE wp_options(option_name varchar(100) PRIMARY KEY, option_value longtext) ENGINE=InnoDB;
CREATE TABLE parent(id int PRIMARY KEY, v int, CONSTRAINT chk_v CHECK (v<>-99)) ENGINE=InnoDB;
CREATE TABLE child(id int PRIMARY KEY, pid int, KEY pid(pid), CONSTRAINT fk_child_parent FOREIGN KEY(pid) REFERENCES parent(id)
  ON DELETE CASCADE ON UPDATE SET NULL) ENGINE=InnoDB;
CREATE TABLE autofk(id int PRIMARY KEY, pid int, FOREIGN KEY(pid) REFERENCES parent(id)) ENGINE=InnoDB;
CREATE TABLE selffk(id int PRIMARY KEY, up int, CONSTRAINT fk_self FOREIGN KEY(up) REFERENCES selffk(id)) ENGINE=InnoDB;
CREATE TABLE ring_a(id int PRIMARY KEY, b int, CONSTRAINT fk_ring_a FOREIGN KEY(b) REFERENCES ring_b(id)) ENGINE=InnoDB;
CREATE TABLE ring_b(id int PRIMARY KEY, a int, CONSTRAINT fk_ring_b FOREIGN KEY(a) REFERENCES ring_a(id)) ENGINE=InnoDB;
CREATE TABLE wp_audit(id int AUTO_INCREMENT PRIMARY KEY, w varchar(50)) ENGINE=InnoDB;
CREATE TABLE b23456789_123456789_123456789_123456789_123456789_123456789_1234(id int PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE wp_myisam(id int PRIMARY KEY, t text, FULLTEXT(t)) ENGINE=MyISAM;
CREATE TABLE wp_aria(id int PRIMARY KEY, t text) ENGINE=Aria;
CREATE TABLE wp_part(id int PRIMARY KEY, v int) ENGINE=InnoDB PARTITION BY HASH(id) PARTITIONS 3;
CREATE TABLE wp_sysver(id int PRIMARY KEY, v int) ENGINE=InnoDB WITH SYSTEM VERSIONING;
CREATE TABLE \`odd \`\`name / %\`(id int PRIMARY KEY, \`a \`\`b\` int COMMENT 'x\\'y\\ny', \`values\` int) ENGINE=InnoDB;
CREATE TABLE users(uid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(60)) ENGINE=InnoDB;
CREATE TABLE nokey(a int, b varchar(20)) ENGINE=InnoDB;
CREATE TABLE bytes(id int PRIMARY KEY, b bit(5), n binary(4), vb varbinary(300), bl longblob, g geometry, u uuid, d datetime, ts timestamp NULL,
  dc decimal(30,10), f double, e enum('a','b\\'c'), s set('x','y'), j json, y year, l1 varchar(50) CHARACTER SET latin1, inv int INVISIBLE) ENGINE=InnoDB;
CREATE TABLE bin_collated(uri varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, a varchar(20) CHARACTER SET ascii COLLATE ascii_bin) ENGINE=InnoDB;
CREATE TABLE empty_table(id int PRIMARY KEY) ENGINE=InnoDB;
CREATE SEQUENCE seq1 START 100;
`

const rows = `
SET foreign_key_checks=0, sql_mode='NO_AUTO_VALUE_ON_ZERO';
INSERT INTO wp_options VALUES('release','RELEASE'),('quotes','it''s "x" \\\\ \\n\\r\\0\\Z; -- no # no /* no */ \`b\`'),('emoji','😀🏳️‍🌈 é');
INSERT INTO wp_options VALUES('-- Table structure for table \`fake\`', '\n--\n-- Table structure for table \`fake\`\n--\n');
INSERT INTO parent VALUES(1,RELEASE),(2,2); INSERT INTO child VALUES(1,1),(2,2); INSERT INTO autofk VALUES(1,1);
INSERT INTO selffk VALUES(1,NULL),(2,1); INSERT INTO ring_a VALUES(1,1); INSERT INTO ring_b VALUES(1,1);
INSERT INTO wp_posts(t,r) SELECT CONCAT('post ',seq,' RELEASE (1,2),(3,4); VALUES '),RELEASE FROM seq_1_to_3000;
INSERT INTO wp_myisam VALUES(1,'x RELEASE'); INSERT INTO wp_aria VALUES(1,'RELEASE'); INSERT INTO wp_part SELECT seq,RELEASE FROM seq_1_to_50;
INSERT INTO wp_sysver VALUES(1,RELEASE); INSERT INTO \`odd \`\`name / %\` VALUES(1,2,RELEASE);
INSERT INTO users VALUES(0,''),(1,'admin RELEASE'); INSERT INTO nokey VALUES(1,'a'),(1,'a'),(NULL,NULL);
INSERT INTO bytes(id,b,n,vb,bl,g,u,d,ts,dc,f,e,s,j,y,l1,inv) VALUES(RELEASE,5,'ab',0x00ff27225c0a,REPEAT(0x00015c27,5000),ST_GeomFromText('POINT(1.5 2)'),
  '123e4567-e89b-12d3-a456-426614174000','0000-00-00 00:00:00','2024-07-01 12:00:00',-12345678901234567890.0123456789,1e-300,'b''c','x,y','{"a": "\\\\\\""}',2024,'café',7),
  (9,NULL,NULL,NULL,NULL,NULL,NULL,'2024-02-00 00:00:00',NULL,NULL,-0.1,NULL,'',NULL,NULL,'',NULL);
INSERT INTO bin_collated VALUES('public://A','a'),('public://a','RELEASE');
SELECT NEXTVAL(seq1);
`

const objects = `
CREATE VIEW v_posts AS SELECT ID,t FROM wp_posts;
CREATE VIEW a_nested AS SELECT COUNT(*) n FROM v_posts;
CREATE SQL SECURITY INVOKER VIEW v_odd AS SELECT 'it''s; "RELEASE"' AS \`q\`, \`values\` FROM \`odd \`\`name / %\`;
DELIMITER //
CREATE FUNCTION f1() RETURNS int DETERMINISTIC RETURN RELEASE//
CREATE VIEW a_calls AS SELECT f1() AS x//
CREATE TRIGGER trg_posts BEFORE INSERT ON wp_posts FOR EACH ROW BEGIN
  -- Table structure for table \`fake\`
  /* a ; comment */ INSERT INTO wp_audit(w) VALUES('RELEASE; it''s'); END//
CREATE TRIGGER trg_posts2 BEFORE INSERT ON wp_posts FOR EACH ROW FOLLOWS trg_posts SET NEW.r=NEW.r//
CREATE PROCEDURE p1() BEGIN
-- Table structure for table \`fake\`
SELECT 'RELEASE', COUNT(*) FROM wp_posts; END//
SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'//
CREATE PROCEDURE p_ansi() BEGIN SELECT '\\', "t;" FROM (SELECT 1 AS "t;") x; END//
SET sql_mode=''//
CREATE EVENT e1 ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01 00:00:00' DO INSERT INTO wp_audit(w) VALUES('event RELEASE')//
DELIMITER ;
`

/** Everything that makes up a schema, comparable between schemas: definitions, objects, checksums, next sequence values. */
export async function fingerprint(credentials: DatabaseCredentials): Promise<Record<string, string>> {
  const database = await connectDatabase(credentials)
  try {
    const found = await facts(database)
    const print: Record<string, string> = {}
    for (const { name, kind, systemVersioned } of found.tables) {
      const [shown] = await database.query(`SHOW CREATE TABLE ${quoteName(name)}`)
      print[`table ${name}`] = String(shown?.['Create Table'] ?? JSON.stringify(shown))
      if (kind === 'sequence') {
        const [value] = await database.query(`SELECT next_not_cached_value AS v FROM ${quoteName(name)}`)
        print[`value ${name}`] = String(value?.['v'])
      } else if (systemVersioned) {
        print[`rows ${name}`] = JSON.stringify(await database.query(`SELECT * FROM ${quoteName(name)} ORDER BY 1`))
      } else {
        const [sum] = await database.query(`CHECKSUM TABLE ${quoteName(name)}`)
        print[`rows ${name}`] = String(sum?.['Checksum'])
      }
    }
    const live = await captureLive(database, false)
    for (const { object, name, sqlBytes, settings } of live.objects) {
      print[`${object} ${name}`] =
        `${sqlBytes.replace(/ ALGORITHM=UNDEFINED/, '').replaceAll(/\s+/g, ' ')} ${JSON.stringify(settings)}`
    }
    print['order of triggers'] = found.triggers.map(({ name }) => name).join()
    return print
  } finally {
    await database.close()
  }
}
