import {
  appendFileSync,
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import type { WordPress } from '../servers/wordpress.ts'

/**
 * What a bad day does to a tree: entries deleted, added, edited, moved, of another kind, mode or time.
 *
 * @param keepModes leaves modes and times alone, which only their owner can give back
 */
export function damageTree(root: string, keepModes = false): void {
  const at = (path: string): string => join(root, path)
  rmSync(at('wp-content/uploads/2024/03'), { recursive: true })
  rmSync(at('wp-includes/formatting.php'))
  rmSync(at('wp-content/uploads/odd/link'))
  writeFileSync(at('index.php'), '')
  editSilently(at('wp-content/plugins/hello.php'))
  appendFileSync(at('wp-login.php'), '\n// appended\n')
  writeFileSync(at('wp-content/evil.php'), '<?php // planted')
  mkdirSync(at('wp-content/uploads/planted/below'), { recursive: true })
  writeFileSync(at('wp-content/uploads/planted/below/shell.php'), '<?php // planted too')
  symlinkSync('/etc', at('wp-content/uploads/2024/escape'))
  renameSync(at('wp-content/uploads/2024/05'), at('wp-content/uploads/2024/fifth'))
  // of another kind
  rmSync(at('wp-content/uploads/2024/06'), { recursive: true })
  writeFileSync(at('wp-content/uploads/2024/06'), 'was a directory')
  rmSync(at('wp-trackback.php'))
  mkdirSync(at('wp-trackback.php'))
  rmSync(at('wp-links-opml.php'))
  symlinkSync('nowhere', at('wp-links-opml.php'))
  rmSync(at('hello-link.php'))
  symlinkSync('wp-config.php', at('hello-link.php'))
  rmSync(at('wp-content/uploads/odd/dangling'))
  writeFileSync(at('wp-content/uploads/odd/dangling'), 'no link any more')
  utimesSync(at('wp-cron.php'), 1_600_000_000, 1_600_000_000)
  // the site itself did it, with the modes that are usual there
  for (const path of made) {
    if (process.getuid?.() === 0) lchownSync(at(path), 33, 33)
    const stat = lstatSync(at(path))
    if (keepModes && !stat.isSymbolicLink()) chmodSync(at(path), stat.isDirectory() ? 0o2775 : 0o664)
  }
  if (keepModes) return
  rmSync(at('wp-content/uploads/odd/bare'), { recursive: true })
  rmSync(at('wp-content/uploads/odd/closed'), { recursive: true })
  chmodSync(at('wp-content/uploads/odd/tool'), 0o600)
  chmodSync(at('wp-content/themes'), 0o777)
  chmodSync(at('wp-settings.php'), 0o666)
  utimesSync(at('wp-content/uploads/odd'), 1_500_000_000, 1_500_000_000)
}

const made = [
  'wp-content/evil.php',
  'wp-content/uploads/planted',
  'wp-content/uploads/planted/below',
  'wp-content/uploads/planted/below/shell.php',
  'wp-content/uploads/2024/escape',
  'wp-content/uploads/2024/06',
  'wp-trackback.php',
  'wp-links-opml.php',
  'hello-link.php',
  'wp-content/uploads/odd/dangling',
]

/** Other content of the same length, with the time that it had: who looks at size and time sees nothing. */
function editSilently(path: string): void {
  const before = lstatSync(path)
  const bytes = readFileSync(path)
  bytes.write('HACKED', 100)
  writeFileSync(path, bytes)
  utimesSync(path, before.atimeMs / 1000, before.mtimeMs / 1000)
}

/** Tables dropped, emptied, changed, added; objects dropped and added. */
export async function damageDatabase({ database, tablePrefix: p }: WordPress): Promise<void> {
  const connection = await connectDatabase(database)
  try {
    for (const sql of [
      `DROP VIEW ${p}titles`,
      `DROP TRIGGER ${p}on_comment`,
      `DROP PROCEDURE ${p}count_posts`,
      `DROP TABLE ${p}posts`,
      `DROP TABLE ${p}terms`,
      `TRUNCATE TABLE ${p}postmeta`,
      `UPDATE ${p}options SET option_value = 'broken' WHERE option_name = 'blogname'`,
      `DELETE FROM ${p}users`,
      `ALTER TABLE ${p}bytes ADD COLUMN added int DEFAULT 7`,
      `UPDATE ${p}history SET v = 3`,
      `CREATE TABLE ${p}planted (id int PRIMARY KEY)`,
      `INSERT INTO ${p}planted VALUES (1)`,
      `CREATE VIEW ${p}peek AS SELECT user_pass FROM ${p}users`,
      `CREATE TRIGGER ${p}spy BEFORE INSERT ON ${p}users FOR EACH ROW SET NEW.user_url = 'spy'`,
    ]) {
      await connection.run(sql)
    }
  } finally {
    await connection.close()
  }
}
