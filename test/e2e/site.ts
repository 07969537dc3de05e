import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import type { TestMariadb } from '../servers/mariadb.ts'
import { type PhpServer, startPhp } from '../servers/php.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress, type WordPress, type WordPressVersion } from '../servers/wordpress.ts'

export interface Site {
  wordpress: WordPress
  root: string
  php: PhpServer
  /** The HTTP statuses of the front page and of the login page */
  open(): Promise<{ front: number; login: number }>
}

/**
 * mixed: most belongs to www-data, some to others, with all kinds of modes. own: the same, all of it www-data's. shared: www-data's
 * too, and every directory 2775, every file 664. Only where we are root: else all is ours.
 */
export type Owners = 'mixed' | 'own' | 'shared'

interface SiteOptions {
  version: WordPressVersion
  directory: string
  mariadb: TestMariadb
  /** Of the schema and its account */
  name: string
  posts?: number
  uploads?: number
  /** See `installWordPress` */
  light?: boolean
  /** @default {'mixed'} */
  owners?: Owners
}

/** A WordPress on PHP's own server, with entries and tables that a careless tool would lose. */
export async function makeSite({ version, directory, mariadb, name, ...options }: SiteOptions): Promise<Site> {
  const { posts = 40, uploads = 30, light = false, owners = 'mixed' } = options
  const port = await freePort()
  const root = join(directory, 'site')
  mkdirSync(directory, { recursive: true })
  const wordpress = await installWordPress({
    version,
    directory: root,
    mariadb,
    database: name,
    url: `http://127.0.0.1:${port}`,
    posts,
    uploads,
    light,
    uploadBytes: 30_000,
  })
  await dressTree(root, owners)
  await dressDatabase(wordpress)
  const php = await startPhp({ docroot: root, directory: join(directory, 'php'), port, kind: 'builtin', workers: 2 })
  const status = async (path: string): Promise<number> => {
    const answer = await fetch(php.url + path, { redirect: 'manual' })
    await answer.body?.cancel()
    return answer.status
  }
  return {
    wordpress,
    root,
    php,
    open: async () => ({ front: await status('/'), login: await status('/wp-login.php') }),
  }
}

/** Names, modes, times, links and owners that are easily lost. Owners only where we are root. */
async function dressTree(root: string, owners: Owners): Promise<void> {
  const odd = join(root, 'wp-content/uploads/odd')
  const deep = join(odd, ...Array.from({ length: 6 }, (_, i) => `${'long'.repeat(14)}-${i}`))
  mkdirSync(deep, { recursive: true })
  writeFileSync(join(deep, `${'n'.repeat(200)}.txt`), 'deep')
  for (const name of ['ü ☃.txt', '-rf', 'line\nbreak', 'back\\slash', ' blank ', "quote'"]) writeFileSync(join(odd, name), name)
  writeFileSync(Buffer.concat([Buffer.from(`${odd}/caf`), Buffer.from([0xe9])]), 'no UTF-8')
  writeFileSync(join(odd, 'empty'), '')
  writeFileSync(join(odd, 'large.bin'), Buffer.alloc(3 << 20, 'seventeen bytes..'))
  writeFileSync(join(odd, 'one-name'), 'two names')
  linkSync(join(odd, 'one-name'), join(odd, 'other-name'))
  writeFileSync(join(odd, 'old'), 'from 1971')
  utimesSync(join(odd, 'old'), 40_000_000.123456, 40_000_000.123456)
  symlinkSync('../2024/03', join(odd, 'link'))
  symlinkSync('nowhere/at/all', join(odd, 'dangling'))
  symlinkSync('/etc/hostname', join(odd, 'outside'))
  symlinkSync('wp-content/plugins/hello.php', join(root, 'hello-link.php'))
  writeFileSync(join(odd, 'secret'), 'only for me', { mode: 0o600 })
  writeFileSync(join(odd, 'tool'), '#!/bin/sh\n')
  chmodSync(join(odd, 'tool'), 0o755)
  mkdirSync(join(odd, 'bare'), { mode: 0o700 })
  mkdirSync(join(odd, 'closed'))
  writeFileSync(join(odd, 'closed/read-only'), 'read me', { mode: 0o444 })
  chmodSync(join(odd, 'closed'), 0o555)
  if (process.getuid?.() !== 0) return
  await runChild('chown', ['-hR', 'www-data:www-data', root])
  if (owners === 'shared') {
    await runChild('find', [
      root,
      '-type',
      'd',
      '-exec',
      'chmod',
      '2775',
      '{}',
      '+',
      '-o',
      '-type',
      'f',
      '-exec',
      'chmod',
      '664',
      '{}',
      '+',
    ])
    return
  }
  chmodSync(join(root, 'wp-content/uploads'), 0o2775)
  chmodSync(join(odd, 'tool'), 0o4755)
  if (owners === 'own') return
  chownSync(join(odd, 'secret'), 1, 2)
  // nobody's name; an owner comes back with what was lost as long as something of his still stands
  for (const name of ['bare', 'one-name']) chownSync(join(odd, name), 54_321, 54_321)
}

/** Everything but plain tables: a view, a trigger, a routine, an event, a foreign key, a system-versioned table. */
async function dressDatabase({ database, tablePrefix: p }: WordPress): Promise<void> {
  const connection = await connectDatabase(database)
  try {
    for (const sql of [
      `CREATE TABLE ${p}audit (id int AUTO_INCREMENT PRIMARY KEY, what varchar(200), at datetime(6) DEFAULT current_timestamp(6))`,
      `CREATE TABLE ${p}ledger (id int PRIMARY KEY, audit int, CONSTRAINT ledger_audit FOREIGN KEY (audit) REFERENCES ${p}audit (id))`,
      `CREATE TABLE ${p}history (id int PRIMARY KEY, v int) WITH SYSTEM VERSIONING`,
      `CREATE TABLE ${p}bytes (id int PRIMARY KEY, b longblob, f double, d decimal(30,10))`,
      `CREATE TRIGGER ${p}on_comment AFTER INSERT ON ${p}comments FOR EACH ROW INSERT INTO ${p}audit (what) VALUES ('comment')`,
      `CREATE VIEW ${p}titles AS SELECT ID, post_title FROM ${p}posts WHERE post_status = 'publish'`,
      `CREATE PROCEDURE ${p}count_posts() SELECT COUNT(*) FROM ${p}posts`,
      `CREATE EVENT ${p}nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM ${p}audit WHERE id < 0`,
      `INSERT INTO ${p}audit (what) VALUES ('one'), ('two; -- three'), ('emoji 😀')`,
      `INSERT INTO ${p}ledger VALUES (1, 1), (2, 2)`,
      `INSERT INTO ${p}history VALUES (1, 1)`,
      `UPDATE ${p}history SET v = 2`,
      `INSERT INTO ${p}bytes VALUES (1, 0x00ff27225c0a1a, 1e-300, 12345678901234567890.0123456789), (2, REPEAT(0x00015c27, 20000), -0.1, 0)`,
    ]) {
      await connection.run(sql)
    }
  } finally {
    await connection.close()
  }
}
