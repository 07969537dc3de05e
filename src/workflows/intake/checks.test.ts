import { expect, test } from 'vitest'
import { checkArchives } from '../../intake/archives/checkArchives.ts'
import type { GivenArchive } from '../../intake/archives/givenArchive.ts'
import { OutlineMaker } from '../../intake/archives/outline.ts'
import { type DumpFacts, scanDump } from '../../intake/archives/scanDump.ts'
import { findSites } from './findSites.ts'

/** An archive of these files, some with a text. */
function given(role: GivenArchive['role'], paths: (string | [string, string])[]): GivenArchive {
  const outline = new OutlineMaker()
  const directories = new Set<string>()
  for (const one of paths) {
    const [path, text] = typeof one === 'string' ? [one, ''] : one
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const above = parts.slice(0, depth).join('/')
      if (!directories.has(above)) outline.see({ path: Buffer.from(above), kind: 'directory', sizeBytes: 0 })
      directories.add(above)
    }
    if (outline.see({ path: Buffer.from(path), kind: 'file', sizeBytes: text.length }))
      outline.tell(Buffer.from(path), Buffer.from(text))
  }
  return { role, name: `${role}.tar.gz`, kind: 'tar', outline, sites: findSites(outline) }
}
const dump: GivenArchive = { role: 'database', name: 'dump.sql.gz', kind: 'sql', outline: null, sites: [] }
const under = (directory: string, paths: (string | [string, string])[]): (string | [string, string])[] =>
  paths.map((one) => (typeof one === 'string' ? `${directory}/${one}` : [`${directory}/${one[0]}`, one[1]]))

const wordpress: (string | [string, string])[] = [
  'index.php',
  'wp-settings.php',
  'wp-load.php',
  ['wp-includes/version.php', `$wp_version = '6.5.5';`],
  'wp-content/plugins/x/schema.sql',
]
const drupal7: (string | [string, string])[] = [
  'index.php',
  ['includes/bootstrap.inc', `define('VERSION', '7.105');`],
  'misc/ajax.js',
  'sites/default/settings.php',
  'sites/all/modules/x.sql',
]
const drupal8: (string | [string, string])[] = [
  'index.php',
  ['core/lib/Drupal.php', `const VERSION = '10.3.1';`],
  'core/includes/bootstrap.inc',
  'core/misc/ajax.js',
  'sites/default/settings.php',
]
const backdrop: (string | [string, string])[] = [
  'core/scripts/backdrop.sh',
  ['core/includes/bootstrap.inc', `define('BACKDROP_VERSION', '1.28.0');`],
  'core/misc/ajax.js',
  'settings.php',
]

test('the files of a Backdrop stand in its root, of one with several sites below "sites"', () => {
  const plain = checkArchives([given('code', [...backdrop, 'files/config_1/active/system.core.json'])])
  expect(plain).toMatchObject({ filesDirectory: 'files', siteDirectory: null, files: { archive: 0, root: 'files' } })
  const shared = checkArchives([given('code', [...backdrop, 'sites/a/settings.php'])])
  expect(shared).toMatchObject({ filesDirectory: 'sites/a/files', siteDirectory: 'a' })
})

test.each([
  ['WordPress', wordpress, 'wordpress', '6.5.5'],
  ['Drupal 7', drupal7, 'drupal7', '7.105'],
  ['Drupal 10', drupal8, 'drupal8', '10.3.1'],
  ['Backdrop', backdrop, 'backdrop', '1.28.0'],
] as const)(
  '%s is found with its version, in the root, below one directory, below several',
  (_name, files, framework, version) => {
    for (const directory of ['', 'site', 'var/www/html']) {
      const plan = checkArchives([given('code', directory === '' ? [...files] : under(directory, [...files]))])
      expect(plan).toMatchObject({
        code: { root: directory, docroot: '', framework, version, leaveOut: [] },
        files: null,
        database: null,
        warnings: [],
      })
    }
  },
)

test('a docroot in a Composer project keeps the directory above it, with its history', () => {
  const plan = checkArchives([
    given('code', [...under('code/web', drupal8), 'code/composer.json', 'code/.git/HEAD', 'code/vendor/autoload.php']),
  ])
  expect(plan).toMatchObject({
    code: { root: 'code', docroot: 'web', framework: 'drupal8', hasGit: true },
    filesDirectory: 'sites/default/files',
  })
  expect(checkArchives([given('code', under('public_html', drupal8))]).code).toMatchObject({ root: 'public_html', docroot: '' })
})

test('WordPress in a folder of its own has its docroot above', () => {
  const plan = checkArchives([
    given('code', [
      ['site/index.php', `require __DIR__ . '/wp/wp-blog-header.php';`],
      ...under('site/wp', wordpress),
      'site/wp-content/themes/x',
    ]),
  ])
  expect(plan).toMatchObject({ code: { root: 'site', docroot: '' }, filesDirectory: 'wp-content/uploads' })
})

test('uploads in an unusual place are honoured', () => {
  const config = (line: string): [string, string] => ['wp-config.php', `<?php\n${line}\n`]
  const where = (line: string): string => checkArchives([given('code', [...wordpress, config(line)])]).filesDirectory
  expect(where(`define('UPLOADS', 'media/files');`)).toBe('media/files')
  expect(where(`define( "WP_CONTENT_DIR", dirname(__FILE__) . '/content' );`)).toBe('content/uploads')
  expect(where(`define('UPLOADS', '../outside');`)).toBe('wp-content/uploads')
})

test('a WordPress in a folder of its own has its uploads in there, unless its content stands beside it', () => {
  const index: [string, string] = ['index.php', `require __DIR__ . '/wp/wp-blog-header.php';`]
  const inside = checkArchives([given('code', [index, ...under('wp', wordpress), 'wp/wp-content/uploads/a.jpg'])])
  expect(inside).toMatchObject({
    files: { archive: 0, root: 'wp/wp-content/uploads' },
    code: { leaveOut: ['wp/wp-content/uploads'] },
  })
  const beside = checkArchives([given('code', [index, ...under('wp', wordpress), 'wp-content/uploads/a.jpg'])])
  expect(beside.files).toEqual({ archive: 0, root: 'wp-content/uploads' })
})

test('a configuration above the code is not silently left out', () => {
  const above = checkArchives([given('code', ['wp-config.php', ...under('public_html', wordpress)])])
  expect(above).toMatchObject({ code: { root: 'public_html' }, warnings: [{ code: 'CONFIG_ABOVE', path: 'wp-config.php' }] })
  const own = checkArchives([given('code', ['wp-config.php', 'public_html/wp-config.php', ...under('public_html', wordpress)])])
  expect(own.warnings).toEqual([])
})

test('a network is told by its configuration', () => {
  const config: [string, string] = ['wp-config.php', `<?php\ndefine( 'MULTISITE', true );\n`]
  expect(checkArchives([given('code', [...wordpress, config])]).code.framework).toBe('wordpress_network')
})

test.each([
  ['files_dev', ['files_dev/2024/a.jpg', 'files_dev/.htaccess'], 'files_dev'],
  ['a year that is no wrapping', ['2024/01/a.jpg', '2024/02/b.jpg'], ''],
  ['files in the root', ['a.jpg', 'css/x.css', 'b.zip'], ''],
  ['wp-content/uploads', ['wp-content/uploads/2024/a.jpg'], 'wp-content/uploads'],
  [
    'all of the path',
    ['var/www/site/sites/default/files/a.jpg', 'var/www/site/sites/default/files/private/b'],
    'var/www/site/sites/default/files',
  ],
  ['uploads', ['backup/uploads/a.jpg', 'backup/uploads/b/c.jpg'], 'backup/uploads'],
  ['a name that says so', ['mysite-files/a/b.jpg', 'mysite-files/c.jpg'], 'mysite-files'],
])('the files begin at %s', (_name, paths, root) => {
  expect(checkArchives([given('code', drupal7), given('files', paths)]).files).toEqual({ archive: 1, root })
})

test('one archive that holds all is taken apart: Drush, Acquia, a host', () => {
  const drush = given('all', [
    'MANIFEST.yml',
    ...under('code/web', drupal8),
    'code/composer.json',
    'files/a.jpg',
    'database/database.sql',
  ])
  expect(checkArchives([drush])).toMatchObject({
    code: { root: 'code', docroot: 'web', leaveOut: [] },
    files: { archive: 0, root: 'files' },
    database: { archive: 0, path: 'database/database.sql' },
  })
  const uploaded = given('all', [...under('code', drupal7), 'files/a.jpg', 'files/private/example.sql', 'site.sql'])
  expect(checkArchives([uploaded])).toMatchObject({ files: { root: 'files' }, database: { path: 'site.sql' } })
  const acquia = given('all', [...under('repository/docroot', drupal7), 'repository/.git/HEAD', 'mysite.sql.gz'])
  expect(checkArchives([acquia])).toMatchObject({
    code: { root: 'repository', docroot: 'docroot' },
    files: null,
    database: { path: 'mysite.sql.gz' },
  })
  const host = given('all', [...under('httpdocs', wordpress), 'httpdocs/wp-content/uploads/a.jpg', 'httpdocs/dump.sql'])
  expect(checkArchives([host])).toMatchObject({
    code: { root: 'httpdocs', leaveOut: ['wp-content/uploads', 'dump.sql'] },
    files: { archive: 0, root: 'httpdocs/wp-content/uploads' },
    database: { path: 'httpdocs/dump.sql' },
  })
})

test('a code archive that holds files gives way to a files archive, and says so', () => {
  const code = given('code', [...drupal7, 'sites/default/files/old.jpg'])
  const plan = checkArchives([code, given('files', ['files/a.jpg']), dump])
  expect(plan).toMatchObject({
    code: { leaveOut: ['sites/default/files'] },
    files: { archive: 1, root: 'files' },
    database: { archive: 2, path: null },
    warnings: [{ code: 'FILES_TWICE' }],
  })
  expect(checkArchives([code]).files).toEqual({ archive: 0, root: 'sites/default/files' })
})

test('a site inside of the site is told of, and stays code', () => {
  const plan = checkArchives([given('code', [...wordpress, ...under('old', wordpress)])])
  expect(plan).toMatchObject({ code: { root: '' }, warnings: [{ code: 'SITE_NESTED', path: 'old' }] })
})

test.each<[string, GivenArchive[], string, RegExp, RegExp]>([
  ['no code at all', [dump], 'no-archive', /no code archive/, /./],
  ['a dump for code', [{ ...dump, role: 'code' }], 'no-code-root', /database dump, and code is wanted/, /as the database/],
  [
    'half a WordPress',
    [given('code', ['wp-content/themes/x/style.css'])],
    'no-code-root',
    /no valid code root.*"wp-content"/,
    /wp-includes/,
  ],
  [
    'a Composer project without its core',
    [given('code', [['a/composer.json', '{"require":{"drupal/core-recommended":"^10"}}']])],
    'core-missing',
    /the core is not in it/,
    /composer install/,
  ],
  [
    'two sites side by side',
    [given('code', [...under('a', wordpress), ...under('b', drupal7)])],
    'several-code-roots',
    /several code roots: "a", "b"/,
    /one site/,
  ],
  [
    'a Drupal with two settings',
    [given('code', [...drupal7, 'sites/b.example/settings.php'])],
    'several-sites',
    /several site directories: "sites\/default", "sites\/b.example"/,
    /each/,
  ],
  [
    'a Drupal with two files directories',
    [given('code', [...drupal8, 'sites/default/files/a', 'sites/b/files/c'])],
    'several-files',
    /several files directories/,
    /private/,
  ],
  [
    'files of two sites',
    [given('code', drupal7), given('files', ['sites/a/files/x', 'sites/b/files/y'])],
    'several-files',
    /several files directories: "sites\/a\/files"/,
    /private/,
  ],
  [
    'files beside private ones',
    [given('code', drupal7), given('files', ['files/x', 'private/y'])],
    'several-files',
    /several files directories/,
    /"private" of the files/,
  ],
  [
    'an old backup among the files',
    [given('code', drupal7), given('files', ['files/a.jpg', 'files/backup_migrate/manual/site.sql.gz'])],
    'stale-archive',
    /archives of backups.*backup_migrate/,
    /Delete/,
  ],
  [
    'a database archive without a dump',
    [given('code', drupal7), given('database', ['readme.txt'])],
    'no-dump',
    /no database dump was found/,
    /mysqldump/,
  ],
  [
    'a database archive with several dumps',
    [given('code', drupal7), given('database', ['a.sql', 'b.sql.gz'])],
    'several-dumps',
    /several database dumps: "a.sql", "b.sql.gz"/,
    /Keep/,
  ],
  ['one archive without a dump', [given('all', under('x', drupal7))], 'no-dump', /no database dump was found/, /./],
  [
    'Bedrock',
    [given('code', [...under('web/wp', wordpress), 'config/application.php', 'web/app/x', 'composer.json'])],
    'framework',
    /Bedrock/,
    /./,
  ],
])('%s is refused with the reason and what to do', (_name, archives, reason, message, hint) => {
  expect(() => checkArchives(archives)).toThrow(
    expect.objectContaining({
      code: 'ARCHIVE_REFUSED',
      details: { reason },
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    }),
  )
})

async function scan(text: string, pieceBytes: number): Promise<DumpFacts> {
  let facts: DumpFacts | null = null
  async function* parts(): AsyncGenerator<Buffer> {
    const all = Buffer.from(text)
    for (let at = 0; at < all.length; at += pieceBytes) yield all.subarray(at, at + pieceBytes)
  }
  const passed: Buffer[] = []
  for await (const part of scanDump(parts(), (found) => void (facts = found))) passed.push(part)
  expect(Buffer.concat(passed).toString()).toBe(text)
  if (facts === null) throw new Error('nothing was told')
  return facts
}

test.each([[7], [1000], [1_000_000]])(
  'a dump passes unchanged, and what may trouble is told (pieces of %d bytes)',
  async (pieceBytes) => {
    const text = `-- MySQL dump 10.13
CREATE TABLE \`users\` (
  \`name\` varchar(255) NOT NULL,
  \`hash\` varchar(255) CHARACTER SET ascii NOT NULL,
  KEY \`name\` (\`name\`),
  KEY \`hash\` (\`hash\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO \`users\` VALUES (1,'CREATE TABLE x (\\n) ENGINE=MyISAM${'x'.repeat(10_000)}');
CREATE TABLE \`short\` (
  \`name\` varchar(255) NOT NULL,
  KEY \`name\` (\`name\`(191))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE \`old\` (
  \`a\` int(11)
) ENGINE=MyISAM DEFAULT CHARSET=latin1;
/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`@\`b\`*/ /*!50003 TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.name = 'x' */;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE \`p\`()
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM short
`
    const facts = await scan(text, pieceBytes)
    expect(facts.tables).toEqual(['users', 'short', 'old'])
    expect(facts.warnings.map(({ code, message }) => [code, /"\w+"|\d \w+/.exec(message)?.[0]])).toEqual([
      ['DUMP_CUT', undefined],
      ['DUMP_OBJECTS', '1 trigger'],
      ['DUMP_OBJECTS', '1 procedure'],
      ['DUMP_OBJECTS', '1 event'],
      ['DUMP_MYISAM', '"old"'],
      ['DUMP_LONG_KEYS', '"users"'],
    ])
    expect(facts.warnings.find(({ message }) => message.includes('event'))?.message).toContain('event scheduler on')
  },
)

test.each([
  ['-- MySQL dump 10.13  Distrib 8.0\nCREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\n', 1],
  ['-- MariaDB dump 10.19\nINSERT INTO a VALUES (1);\n-- Dump completed on 2024-01-01\n\n', 0],
  ['-- MariaDB dump 10.19\n-- Dump completed on 2024-01-01\nINSERT INTO a VALUES (1);\n', 1],
  ["/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nINSERT INTO a VALUES ('\n-- Dump completed\n');\n", 1],
  ['-- phpMyAdmin SQL Dump\nINSERT INTO a VALUES (1);\n', 0],
  ['INSERT INTO a VALUES (1);\n', 0],
])('a dump that was cut between two statements is told by the lack of its last line: %#', async (text, count) => {
  for (const bytes of [5, 1000])
    expect((await scan(text, bytes)).warnings.filter(({ code }) => code === 'DUMP_CUT')).toHaveLength(count)
})
