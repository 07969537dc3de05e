import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../contract/errors.ts'
import { Failure } from '../../base/failure.ts'
import { parseEnvironmentName, parseSiteName } from '../names.ts'
import { type DetectOverrides, type Detection, detectSite } from './detectSite.ts'
import { environmentFrom } from './environmentFrom.ts'
import { viewDetection } from './view.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'cairn-detect-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

const credentials = `define('DB_NAME','shop'); define('DB_USER','wp'); define('DB_PASSWORD','s3cret'); define('DB_HOST','db:3307'); define('DB_CHARSET','utf8mb4'); $table_prefix = 'x_';`
const ending = `if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/'); require_once ABSPATH . 'wp-settings.php';`

function writeCore(at: string, version = '6.5.5'): void {
  write({
    [join(at, 'wp-settings.php')]: '<?php exit;',
    [join(at, 'wp-load.php')]: '<?php',
    [join(at, 'wp-includes/version.php')]: `<?php\n$wp_version = '${version}';\n`,
  })
  mkdirSync(join(root, at, 'wp-content/uploads'), { recursive: true })
}
function writeConfig(at = '', more = ''): void {
  write({ [join(at, 'wp-config.php')]: `<?php\n${credentials}\n${more}\n${ending}` })
}
async function refusal(overrides?: DetectOverrides, path = root): Promise<{ code: ErrorCode; text: string }> {
  try {
    await detectSite(path, overrides)
  } catch (error) {
    if (error instanceof Failure) return { code: error.code, text: `${error.message} / ${error.hint ?? ''}` }
    throw error
  }
  throw new Error('was not refused')
}
const attach = (detection: Detection) =>
  environmentFrom(detection, { site: parseSiteName('shop'), name: parseEnvironmentName('live') })

describe('WordPress', () => {
  test('in the root: version, credentials, files and prefix', async () => {
    writeCore('')
    writeConfig()
    const found = await detectSite(root)
    expect(found).toMatchObject({
      framework: 'wordpress',
      version: '6.5.5',
      codeRoot: root,
      docroot: root,
      coreDirectory: root,
      tablePrefix: 'x_',
      refusal: null,
      notes: [],
      filesDirectory: join(root, 'wp-content/uploads'),
      configFiles: [join(root, 'wp-config.php')],
      configAbove: null,
    })
    expect({ ...found.database }).toEqual({
      host: 'db',
      port: 3307,
      socket: null,
      user: 'wp',
      password: 's3cret',
      database: 'shop',
      charset: 'utf8mb4',
    })
    expect(attach(found)).toMatchObject({ site: 'shop', name: 'live', codeRoot: root })
  })

  test('its view holds no password', async () => {
    writeCore('')
    writeConfig()
    const view = viewDetection(await detectSite(root))
    expect(JSON.stringify(view)).not.toContain('s3cret')
    expect(view.database).toMatchObject({ name: 'shop', passwordPresent: true })
  })

  test('in a sub-folder that index.php requires, with its content beside it', async () => {
    writeCore('wp')
    write({ 'index.php': `<?php define('WP_USE_THEMES', true); require __DIR__ . '/wp/wp-blog-header.php';` })
    writeConfig('', `define('WP_CONTENT_DIR', __DIR__ . '/content'); define('WP_HOME', 'https://shop.example');`)
    expect(await detectSite(root)).toMatchObject({
      docroot: root,
      coreDirectory: join(root, 'wp'),
      contentDirectory: join(root, 'content'),
      url: 'https://shop.example',
      filesDirectory: join(root, 'content/uploads'),
      configFiles: [join(root, 'wp-config.php')],
    })
  })

  test('in web/, with the configuration one above the docroot', async () => {
    writeCore('web')
    writeConfig()
    expect(await detectSite(root)).toMatchObject({
      docroot: join(root, 'web'),
      configFiles: [join(root, 'wp-config.php')],
      configAbove: null,
    })
  })

  test('a configuration above the code root is told apart', async () => {
    writeCore('site')
    writeConfig()
    expect(await detectSite(join(root, 'site'))).toMatchObject({
      codeRoot: join(root, 'site'),
      configAbove: join(root, 'wp-config.php'),
    })
  })

  test('a configuration above belongs to another site when a WordPress stands there', async () => {
    writeCore('')
    writeConfig()
    writeCore('blog')
    const found = await detectSite(join(root, 'blog'))
    expect(found.database).toBeNull()
    expect(found.notes.join()).toContain('No wp-config.php')
    const above = await detectSite(root)
    expect(above.notes.join()).toContain(`Another site stands in "${join(root, 'blog')}"`)
  })

  test('UPLOADS counts from the core and beats the option in the database', async () => {
    writeCore('')
    writeConfig('', `define('UPLOADS', 'media/files');`)
    expect(await detectSite(root)).toMatchObject({ filesDirectory: join(root, 'media/files'), filesFixed: true })
  })

  test('credentials in an included file and in the environment that was given', async () => {
    writeCore('')
    write({
      'conf/db.php': `<?php define('DB_PASSWORD', getenv('PW')); define('DB_USER', $_ENV['USER_'] ?? 'wp');`,
      'wp-config.php': `<?php require __DIR__ . '/conf/db.php'; define('DB_NAME','n'); define('DB_HOST', getenv('H') ?: 'localhost'); $table_prefix = 'wp_'; ${ending}`,
    })
    const blind = await detectSite(root)
    expect(blind.database).toBeNull()
    expect(blind.notes.join(' ')).toMatch(/PW/)
    const found = await detectSite(root, { environment: { PW: 'p' } })
    expect({ ...found.database }).toMatchObject({ password: 'p', user: 'wp', host: 'localhost' })
    expect(found.configFiles).toEqual([join(root, 'wp-config.php'), join(root, 'conf/db.php')])
  })

  test('what cannot be known is asked for, and flags fill it in', async () => {
    writeCore('')
    write({
      'wp-config.php': `<?php define('DB_NAME','n'); define('DB_USER','u'); define('DB_PASSWORD', decrypt('x')); $table_prefix = 'wp_'; ${ending}`,
    })
    const found = await detectSite(root)
    expect(found.notes.join()).toContain('decrypt() is not evaluated')
    expect(() => attach(found)).toThrow(expect.objectContaining({ code: 'CREDENTIALS_UNKNOWN' }))
    const told = await detectSite(root, { database: { password: 'p' } })
    expect({ ...told.database }).toMatchObject({ user: 'u', password: 'p', database: 'n' })
    expect(attach(told).database.password).toBe('p')
  })

  test('the prefix of the tables and TLS can be given; what lacks is asked for by its flag', async () => {
    writeCore('')
    write({
      'wp-config.php': `<?php define('DB_NAME','n'); define('DB_USER','u'); define('DB_PASSWORD','p'); $table_prefix = pick(); ${ending}`,
    })
    const found = await detectSite(root)
    expect(() => attach(found)).toThrow(expect.objectContaining({ hint: 'Give it with --table-prefix' }))
    const told = attach(await detectSite(root, { tablePrefix: 'y_', database: { tls: 'required' } }))
    expect([told.tablePrefix, told.database.tls, found.database?.tls]).toEqual(['y_', 'required', undefined])
  })

  test('TLS is what WordPress would do, until a person says otherwise', async () => {
    writeCore('')
    writeConfig('', `define('MYSQL_CLIENT_FLAGS', MYSQLI_CLIENT_SSL);`)
    expect((await detectSite(root)).database?.tls).toBe('verified')
    expect((await detectSite(root, { database: { tls: null } })).database?.tls).toBeUndefined()
  })

  test('a broken configuration is a note, not a crash', async () => {
    writeCore('')
    write({ 'wp-config.php': `<?php define('DB_NAME', 'no end` })
    expect((await detectSite(root)).notes.join()).toContain('cannot be read as PHP')
  })

  test('a network is attached whole, with the older directory of its sites; content outside of the code root is refused', async () => {
    writeCore('')
    writeConfig('', `define('MULTISITE', true);`)
    const network = await detectSite(root)
    expect(network.framework).toBe('wordpress_network')
    expect(attach(network)).toMatchObject({ framework: 'wordpress_network', furtherFiles: [] })
    mkdirSync(join(root, 'wp-content/blogs.dir'))
    expect(attach(await detectSite(root)).furtherFiles).toEqual([
      { at: 'blogs.dir', directory: join(root, 'wp-content/blogs.dir') },
    ])
    writeConfig('', `define('WP_CONTENT_DIR', '/srv/elsewhere');`)
    const outside = await detectSite(root)
    expect(() => attach(outside)).toThrow(/outside of it/)
  })
})

describe('others', () => {
  test.each<[string, Record<string, string>, string, string | null]>([
    [
      'Drupal 10',
      { 'web/core/lib/Drupal.php': `<?php class Drupal { const VERSION = '10.3.1'; }`, 'composer.json': '{}' },
      'drupal8',
      '10.3.1',
    ],
    ['Drupal 7', { 'includes/bootstrap.inc': `<?php define('VERSION', '7.105');`, 'misc/ajax.js': '' }, 'drupal7', '7.105'],
    [
      'Backdrop',
      {
        'core/scripts/backdrop.sh': '',
        'core/includes/bootstrap.inc': `<?php define('BACKDROP_VERSION', '1.28.0');`,
        'core/misc/ajax.js': '',
      },
      'backdrop',
      '1.28.0',
    ],
    [
      'a web-root of its own',
      {
        'composer.json': '{"extra":{"drupal-scaffold":{"locations":{"web-root":"app/pub/"}}}}',
        'app/pub/core/lib/Drupal.php': `const VERSION = '11.0.0';`,
      },
      'drupal8',
      '11.0.0',
    ],
  ])('%s is recognised, and asks for credentials where it has no settings', async (_name, files, framework, version) => {
    write(files)
    const found = await detectSite(root)
    expect(found).toMatchObject({ framework, version })
    expect(() => attach(found)).toThrow(
      expect.objectContaining({ code: 'CREDENTIALS_UNKNOWN', message: expect.stringContaining('No settings.php') }),
    )
  })

  test('Bedrock is recognised before the WordPress in it', async () => {
    writeCore('web/wp')
    write({
      'config/application.php': '<?php',
      'web/app/x': '',
      'web/index.php': `<?php require __DIR__ . '/wp/wp-blog-header.php';`,
    })
    write({ 'composer.lock': '{"packages":[{"name": "roots/wordpress",\n "version": "6.6.1"}]}' })
    const found = await detectSite(root)
    expect(found.version).toBe('6.6.1')
    expect(() => attach(found)).toThrow(/Bedrock/)
  })

  test('two sites in one directory are asked about, and --framework chooses', async () => {
    writeCore('')
    writeConfig()
    write({ 'web/core/lib/Drupal.php': `const VERSION = '10.0.0';` })
    const { code, text } = await refusal()
    expect(code).toBe('CMS_AMBIGUOUS')
    expect(text).toContain(`WordPress in "${root}" and Drupal in "${join(root, 'web')}"`)
    expect((await detectSite(root, { framework: 'wordpress' })).version).toBe('6.5.5')
    expect((await detectSite(join(root, 'web'))).framework).toBe('drupal8')
  })

  test('wrong paths are refused with what was found', async () => {
    expect((await refusal()).code).toBe('CMS_NOT_FOUND')
    expect((await refusal({}, join(root, 'none'))).text).toContain('does not exist')
    write({ file: '' })
    expect((await refusal({}, join(root, 'file'))).text).toContain('not a directory')
    symlinkSync('loop', join(root, 'loop'))
    expect((await refusal({}, join(root, 'loop'))).code).toBe('INPUT_INVALID')
    expect((await refusal({}, 'relative')).code).toBe('INPUT_INVALID')
    for (const url of ['nonsense', 'ftp://a', 'http://', 'https://a b']) {
      expect(await refusal({ url }), url).toMatchObject({ code: 'INPUT_INVALID', text: expect.stringContaining(`"${url}"`) })
    }
    expect((await refusal({ framework: 'drupal8' })).code).toBe('CMS_NOT_FOUND')
    if (process.getuid?.() === 0) return // root reads everything
    mkdirSync(join(root, 'closed'))
    chmodSync(join(root, 'closed'), 0)
    expect((await refusal({}, join(root, 'closed'))).text).toContain('may not read it')
  })
})
