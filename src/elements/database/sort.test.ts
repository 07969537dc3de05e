import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { withDefiner, withoutForeignKeys } from './rewrite.ts'
import { sortStatement } from './sort.ts'
import type { ServerKind } from './tokens.ts'

const mariadb: ServerKind = { family: 'mariadb', versionNumber: 101119 }
const mysql: ServerKind = { family: 'mysql', versionNumber: 80036 }
const sort = (sql: string, server = mariadb): ReturnType<typeof sortStatement> => sortStatement(Buffer.from(sql), server)
const strip = (sql: string, by: string | null = null): string => withDefiner(Buffer.from(sql), mariadb, by).toString()

const refused = [
  'USE other',
  'use `mysql`',
  'CREATE DATABASE x',
  'DROP DATABASE wp',
  'DROP SCHEMA wp',
  'CREATE SCHEMA x',
  'GRANT ALL ON *.* TO x',
  'REVOKE ALL ON *.* FROM x',
  'CREATE USER x',
  'ALTER USER root IDENTIFIED BY "x"',
  'DROP USER x',
  'SET PASSWORD = PASSWORD("x")',
  'SET GLOBAL general_log = 1',
  'SET @@GLOBAL.general_log = 1',
  'SET PERSIST x = 1',
  'SET ROLE admin',
  "SELECT * FROM t INTO OUTFILE '/tmp/x'",
  "SELECT 1 INTO DUMPFILE '/x'",
  "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
  'LOAD DATA LOCAL INFILE "x" INTO TABLE t',
  'LOAD XML INFILE "x" INTO TABLE t',
  'source /etc/passwd',
  '\\! id',
  'system id',
  'UPDATE mysql.user SET a=1',
  'DELETE FROM t',
  'INSERT INTO mysql.user VALUES (1)',
  'INSERT INTO `mysql` . `user` VALUES (1)',
  'INSERT INTO t SELECT * FROM mysql.user',
  'INSERT INTO t (a) SELECT 1',
  "INSERT INTO t VALUES (LOAD_FILE('/etc/passwd'))",
  "INSERT INTO t VALUES (1, load_file ('/etc/passwd'))",
  'INSERT INTO t VALUES ((SELECT a FROM mysql.user LIMIT 1))',
  'INSERT INTO t VALUES (@@datadir)',
  'INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a=1',
  'INSERT INTO t VALUES (`a`)',
  'INSERT INTO t SET a=1',
  'DROP TABLE a, b',
  'DROP TABLE mysql.user',
  'CREATE TABLE mysql.x (id int)',
  "CREATE TABLE t (id int) DATA DIRECTORY='/etc'",
  "CREATE TABLE t (id int) ENGINE=FEDERATED CONNECTION='mysql://x'",
  'CREATE TABLE t SELECT * FROM mysql.user',
  'ALTER TABLE t RENAME TO mysql.x',
  'ALTER TABLE mysql.user ADD a int',
  'RENAME TABLE a TO b',
  'CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST "x")',
  'INSTALL PLUGIN x SONAME "y"',
  "CREATE FUNCTION x RETURNS STRING SONAME 'lib_mysqludf_sys.so'",
  'SHUTDOWN',
  'KILL 1',
  'FLUSH PRIVILEGES',
  'CALL p()',
  'PREPARE s FROM "DROP DATABASE x"',
  'EXECUTE IMMEDIATE "DROP DATABASE x"',
  'HANDLER t OPEN',
  'DO SLEEP(100)',
  'SET @x = (SELECT 1)',
  'CREATE TRIGGER mysql.x BEFORE INSERT ON t FOR EACH ROW SET @a=1',
  '/*!50001 DROP DATABASE wp */',
  '/*M!100100 DROP DATABASE wp */',
  '/* x */ DROP DATABASE wp',
  '-- x\nDROP DATABASE wp',
  '/*! DROP */ /*!40000 DATABASE wp */',
  // what this server skips must not hide what it runs
  '/*!99999 CREATE TABLE x ( */ DROP DATABASE wp',
  '/*!50700 INSERT INTO t VALUES ( */ DROP DATABASE wp',
]

test.each(refused)('refuses %s', (sql) => {
  expect(() => sort(sql)).toThrowError(expect.objectContaining({ code: 'LOAD_FAILED' }))
})

test('what only the other server executes is nothing', () => {
  expect(sort('/*M!100100 DROP DATABASE wp */', mysql)).toEqual({ kind: 'nothing' })
  expect(sort('/*!80000 SET GLOBAL x=1 */')).toEqual({ kind: 'nothing' })
  expect(() => sort('/*!80000 SET GLOBAL x=1 */', mysql)).toThrowError()
})

test('the statements of a dump are told apart', () => {
  expect(sort('CREATE TABLE `a ``b` (`id` int) ENGINE=InnoDB')).toMatchObject({
    kind: 'table',
    verb: 'create',
    table: 'a `b',
    name: { start: 13, end: 20 },
  })
  expect(sort('CREATE TABLE IF NOT EXISTS x (id int)')).toMatchObject({ verb: 'create', table: 'x' })
  expect(sort('DROP TABLE IF EXISTS `x`')).toMatchObject({ verb: 'drop', table: 'x' })
  expect(sort("INSERT INTO `x` VALUES (1,-2.5e10,NULL,'a\\'',0x00ff,''),(2,1,NULL,_binary 'x',b'1',x'00')")).toMatchObject({
    verb: 'insert',
    table: 'x',
  })
  expect(sort('INSERT INTO x (`a`, b) VALUES (1,2)')).toMatchObject({ verb: 'insert', table: 'x' })
  expect(sort('/*!40000 ALTER TABLE `x` DISABLE KEYS */')).toEqual({ kind: 'nothing' })
  expect(sort('LOCK TABLES `x` WRITE')).toEqual({ kind: 'nothing' })
  expect(
    sort(
      '/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`%` SQL SECURITY INVOKER */\n/*!50001 VIEW `v` AS select 1 */',
    ),
  ).toEqual({ kind: 'object', verb: 'create', object: 'view', name: 'v' })
  expect(sort("CREATE DEFINER=root@'10.0.%' PROCEDURE `p`() BEGIN END")).toMatchObject({ object: 'procedure', name: 'p' })
  expect(sort('DO SETVAL(`s`, 100, 0)')).toMatchObject({ kind: 'table', verb: 'alter', what: 'sequence', table: 's' })
  expect(sort("/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */")).toEqual({
    kind: 'set',
    assignments: [
      { target: '@old_sql_mode', value: '@@SQL_MODE' },
      { target: 'sql_mode', value: "'NO_AUTO_VALUE_ON_ZERO'" },
    ],
  })
  expect(sort('/*!40101 SET NAMES utf8mb4 */')).toEqual({ kind: 'set', assignments: [{ target: 'names', value: 'utf8mb4' }] })
})

test('any row of literals passes, and a word outside of quotes does not', () => {
  const literal = fc.oneof(
    fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
    fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.bigInt().map(String),
    fc.uint8Array({ minLength: 1 }).map((data) => `0x${Buffer.from(data).toString('hex')}`),
    fc.constant('NULL'),
  )
  fc.assert(
    fc.property(fc.array(fc.array(literal, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 }), (rows) => {
      const values = rows.map((row) => `(${row.join(',')})`).join(',\n')
      expect(sort(`INSERT INTO \`t\` VALUES\n${values}`)).toMatchObject({ kind: 'table', verb: 'insert' })
      expect(() => sort(`INSERT INTO \`t\` VALUES\n${values},(version())`)).toThrowError()
    }),
    { numRuns: 500 },
  )
})

test('DEFINER goes, SQL SECURITY and text stay', () => {
  expect(strip('/*!50001 CREATE */ /*!50013 DEFINER=`a b`@`%` SQL SECURITY DEFINER */ /*!50001 VIEW `v` AS select 1 */')).toBe(
    '/*!50001 CREATE */ /*!50013  SQL SECURITY DEFINER */ /*!50001 VIEW `v` AS select 1 */',
  )
  expect(strip("CREATE DEFINER='r'@'10.%' PROCEDURE p() SELECT 'DEFINER=`x`@`y`'")).toBe(
    "CREATE  PROCEDURE p() SELECT 'DEFINER=`x`@`y`'",
  )
  expect(strip('CREATE DEFINER=CURRENT_USER() TRIGGER t AFTER INSERT ON x FOR EACH ROW SET @definer=1')).toBe(
    'CREATE  TRIGGER t AFTER INSERT ON x FOR EACH ROW SET @definer=1',
  )
  expect(strip('CREATE DEFINER=root@localhost FUNCTION f() RETURNS int RETURN 1')).toBe(
    'CREATE  FUNCTION f() RETURNS int RETURN 1',
  )
  expect(strip('CREATE FUNCTION f() RETURNS int RETURN 1', "'s'@'h'")).toBe(
    "CREATE DEFINER='s'@'h'  FUNCTION f() RETURNS int RETURN 1",
  )
  expect(strip('CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1')).toBe('CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1')
})

test('foreign keys come out of a CREATE TABLE, and nothing else', () => {
  const sql =
    "CREATE TABLE `t` (\n  `a` int DEFAULT (1+(2)) COMMENT ', CONSTRAINT `x` FOREIGN KEY (`a`)',\n  KEY `k` (`a`,`b`),\n  CONSTRAINT `f1` FOREIGN KEY (`a`, `b`) REFERENCES `p` (`a`, `b`) ON DELETE CASCADE,\n  CONSTRAINT `c` CHECK (`a` > 0),\n  CONSTRAINT `f2` FOREIGN KEY (`b`) REFERENCES `p` (`b`)\n) ENGINE=InnoDB"
  const cut = withoutForeignKeys(Buffer.from(sql), mariadb)
  expect(cut.foreignKeys).toEqual([
    'CONSTRAINT `f1` FOREIGN KEY (`a`, `b`) REFERENCES `p` (`a`, `b`) ON DELETE CASCADE',
    'CONSTRAINT `f2` FOREIGN KEY (`b`) REFERENCES `p` (`b`)',
  ])
  expect(cut.sql.toString().replaceAll(/\s+/g, ' ')).toBe(
    "CREATE TABLE `t` ( `a` int DEFAULT (1+(2)) COMMENT ', CONSTRAINT `x` FOREIGN KEY (`a`)', KEY `k` (`a`,`b`), CONSTRAINT `c` CHECK (`a` > 0) ) ENGINE=InnoDB",
  )
})

test('lines that a dump of a whole server has are refused with the way to take them out', () => {
  const lines = ['USE `shop`', 'CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop`']
  for (const sql of lines)
    expect(() => sortStatement(Buffer.from(sql), mariadb)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('sed -E') }),
    )
})
