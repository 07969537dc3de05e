import { expect, test } from 'vitest'
import { connectDatabase } from '../connect.ts'
import { moveNetwork, readNetwork } from './network.ts'
import { account, now, old, q, replace, rows, s, schema } from './testing.suite.ts'
import { wordpressAddresses } from './wordpress.ts'

const wordpress = (prefix: string): string[] => [
  `CREATE TABLE ${prefix}options (option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext NOT NULL)`,
  `CREATE TABLE ${prefix}posts (ID bigint unsigned AUTO_INCREMENT PRIMARY KEY, post_date datetime NOT NULL, post_content longtext, guid varchar(255))`,
  `CREATE TABLE ${prefix}postmeta (meta_id bigint PRIMARY KEY, meta_key varchar(255), meta_value longtext)`,
  `INSERT INTO ${prefix}options (option_name, option_value) VALUES ('siteurl', '${old}'), ('home', '${old}'), ('rewrite_rules', 'a:0:{}'),
    ('_transient_x', '${old}'), ('_site_transient_y', 'z'), ('broken', ${q(`a:9:{${s(old)}`)}), ('widget', ${q(`a:1:{i:2;${s(`<a href="${old}/é">`)}}`)})`,
  `INSERT INTO ${prefix}posts VALUES (1, '0000-00-00 00:00:00', '<img src="${old}/a.jpg"> ${old}', '${old}/?p=1'), (2, '2024-02-30 10:00:00', 'nothing', '${old}/?p=2')`,
  `INSERT INTO ${prefix}postmeta VALUES (1, '_elementor_css', 'x'), (2, '_elementor_data', ${q(JSON.stringify([{ url: `${old}/b` }]).replaceAll('/', '\\/'))})`,
]

test('a WordPress: a dry run says what a run does, and writes nothing', async () => {
  await schema(
    'wp',
    ...wordpress('wp_'),
    `CREATE TABLE wp_users (ID int PRIMARY KEY, user_pass varchar(255), user_url varchar(100))`,
    `INSERT INTO wp_users VALUES (1, '${old}', '${old}')`,
    'CREATE VIEW wp_v AS SELECT * FROM wp_posts',
  )
  const tables = ['wp_options', 'wp_posts', 'wp_postmeta', 'wp_users', 'wp_v', 'wp_gone']
  const options = { framework: 'wordpress', tablePrefix: 'wp_' } as const
  const checksum = 'CHECKSUM TABLE wp_options, wp_posts, wp_postmeta, wp_users'
  const before = await rows('wp', checksum)
  const meta = await connectDatabase(account('wp'))
  expect(await wordpressAddresses(meta, [{ name: 'wp_options', physicalName: 'wp_options' }], 'wp_')).toEqual({
    siteurl: old,
    home: old,
  })
  await meta.close()
  const dry = await replace('wp', tables, { ...options, dryRun: true })
  expect(await rows('wp', checksum)).toEqual(before)
  const done = await replace('wp', tables, options)
  expect({ ...done, dryRun: true }).toEqual(dry)
  expect(await rows('wp', 'SELECT option_name, option_value FROM wp_options ORDER BY 1')).toEqual([
    `broken\ta:9:{${s(old)}`,
    `home\t${now}`,
    `siteurl\t${now}`,
    `widget\ta:1:{i:2;${s(`<a href="${now}/é">`)}}`,
  ])
  expect(await rows('wp', 'SELECT post_date, post_content, guid FROM wp_posts ORDER BY ID')).toEqual([
    `0000-00-00 00:00:00\t<img src="${now}/a.jpg"> ${now}\t${old}/?p=1`,
    `0000-00-00 00:00:00\tnothing\t${old}/?p=2`,
  ])
  expect(await rows('wp', 'SELECT user_pass, user_url FROM wp_users')).toEqual([`${old}\t${now}`])
  expect(done).toMatchObject({ rowsChanged: 7, cells: 7, replacements: 8, needsLook: 1, failed: 0 })
  expect(done.skippedTables.map(({ table }) => table)).toEqual(['wp_v', 'wp_gone'])
  expect(done.cleared).toEqual([
    { table: 'wp_options', what: 'rewrite_rules', rows: 1 },
    { table: 'wp_options', what: 'transients', rows: 2 },
    { table: 'wp_postmeta', what: 'Elementor CSS', rows: 1 },
  ])
  const optionsReport = done.tables.find(({ table }) => table === 'wp_options')
  expect(optionsReport?.columns[0]).toMatchObject({ column: 'option_value', needsLook: 1, look: ['option_id=6'] })
  expect(optionsReport?.columns[0]?.samples[0]).toEqual({ row: 'option_id=1', before: old, after: now })
  const again = await replace('wp', tables, options)
  expect(again).toMatchObject({ rowsChanged: 0, replacements: 0, cleared: [] })
})

test('staged tables are changed under the names that they have now, by the rules for those that they stand for', async () => {
  await schema(
    'wp',
    ...wordpress('wp_'),
    'RENAME TABLE wp_options TO _cairn7_i0, wp_posts TO _cairn7_i1, wp_postmeta TO _cairn7_i2',
    ...wordpress('wp_'),
  )
  const done = await replace(
    'wp',
    [['wp_options', '_cairn7_i0'], ['wp_posts', '_cairn7_i1'], ['wp_postmeta', '_cairn7_i2'], '_cairn8_o1'],
    { framework: 'wordpress', tablePrefix: 'wp_' },
  )
  expect(done.tables.map(({ table }) => table)).toEqual(['wp_options', 'wp_posts', 'wp_postmeta'])
  expect(done.skippedTables).toEqual([{ table: '_cairn8_o1', reason: 'a table of Cairn' }])
  expect(
    await rows('wp', "SELECT option_value FROM _cairn7_i0 WHERE option_name='home' UNION SELECT guid FROM _cairn7_i1 WHERE ID=1"),
  ).toEqual([now, `${old}/?p=1`])
  expect(await rows('wp', "SELECT option_value FROM wp_options WHERE option_name='home'")).toEqual([old])
  expect(await rows('wp', 'SELECT COUNT(*) FROM _cairn7_i2')).toEqual(['1'])
})

test('Drupal: serialized text in longblobs is replaced, a blob that is no text is left and counted, uid 0 stays', async () => {
  const config = `a:2:{${s('url')}${s(`${old}/x`)}${s('o')}O:8:"stdClass":1:{${s('\0*\0v')}${s(old)}}}`
  await schema(
    'drupal',
    'CREATE TABLE config (collection varchar(255) CHARACTER SET ascii, name varchar(255) CHARACTER SET ascii, data longblob, PRIMARY KEY (collection, name))',
    `INSERT INTO config VALUES ('', 'system.site', ${q(config)}), ('', 'text', ${q(`é ${old}`)}), ('', 'image', CONCAT(0xff00d8, ${q(old)}))`,
    'CREATE TABLE users (uid int AUTO_INCREMENT PRIMARY KEY, name varchar(60), pass varchar(255))',
    `INSERT INTO users VALUES (0, '', ''), (1, '${old}', '${old}')`,
    'CREATE TABLE node__body (entity_id int, revision_id int, langcode varchar(32) CHARACTER SET ascii COLLATE ascii_bin, delta int, body_value longtext, PRIMARY KEY (entity_id, revision_id, delta, langcode))',
    `INSERT INTO node__body SELECT seq, seq, 'en', 0, CONCAT('<a href="${old}/node/', seq, '">') FROM seq_1_to_1200`,
  )
  const done = await replace('drupal', ['config', 'users', 'node__body'], { framework: 'drupal' })
  expect(await rows('drupal', "SELECT HEX(data) FROM config WHERE name='system.site'")).toEqual([
    Buffer.from(`a:2:{${s('url')}${s(`${now}/x`)}${s('o')}O:8:"stdClass":1:{${s('\0*\0v')}${s(now)}}}`)
      .toString('hex')
      .toUpperCase(),
  ])
  expect(await rows('drupal', "SELECT HEX(data) FROM config WHERE name<>'system.site' ORDER BY name")).toEqual([
    `FF00D8${Buffer.from(old).toString('hex').toUpperCase()}`,
    Buffer.from(`é ${now}`).toString('hex').toUpperCase(),
  ])
  expect(await rows('drupal', 'SELECT uid, name, pass FROM users ORDER BY uid')).toEqual(['0\t\t', `1\t${now}\t${old}`])
  expect(
    await rows('drupal', `SELECT COUNT(*) FROM node__body WHERE body_value = CONCAT('<a href="${now}/node/', entity_id, '">')`),
  ).toEqual(['1200'])
  expect(done).toMatchObject({ rowsChanged: 1203, replacements: 1204, cleared: [], network: [] })
  expect(done.tables[0]?.columns).toMatchObject([{ column: 'data', cells: 2, binary: 1 }])
})

test('a network: hosts and paths of its sites move with it, and its main tables follow the map', async () => {
  await schema(
    'net',
    ...wordpress('wp_'),
    ...wordpress('wp_2_').map((sql) => sql.replaceAll(old, 'https://two.old.example.com')),
    'CREATE TABLE wp_site (id bigint PRIMARY KEY, domain varchar(200), path varchar(100))',
    'CREATE TABLE wp_blogs (blog_id bigint PRIMARY KEY, site_id bigint, domain varchar(200), path varchar(100), last_updated datetime)',
    'CREATE TABLE wp_sitemeta (meta_id bigint PRIMARY KEY, site_id bigint, meta_key varchar(255), meta_value longtext)',
    "INSERT INTO wp_site VALUES (1, 'old.example.com', '/')",
    "INSERT INTO wp_blogs VALUES (1, 1, 'old.example.com', '/', '0000-00-00'), (2, 1, 'two.old.example.com', '/', NULL), (3, 1, 'own.example.org', '/', NULL)",
    `INSERT INTO wp_sitemeta VALUES (1, 1, 'siteurl', '${old}/'), (2, 1, '_site_transient_a', 'x')`,
    'CREATE TABLE wp_usermeta (umeta_id bigint PRIMARY KEY, user_id bigint, meta_key varchar(255), meta_value longtext)',
    `INSERT INTO wp_usermeta VALUES (1, 1, 'source_domain', 'old.example.com'), (2, 1, 'nickname', 'old.example.com'), (3, 2, 'source_domain', 'own.example.org')`,
    'CREATE TABLE wp_signups (signup_id bigint PRIMARY KEY, domain varchar(200), path varchar(100), active tinyint)',
    "INSERT INTO wp_signups VALUES (1, 'old.example.com', '/three/', 0), (2, 'old.example.com', '/done/', 1)",
  )
  const tables = [
    'wp_options',
    'wp_posts',
    'wp_postmeta',
    'wp_2_options',
    'wp_2_posts',
    'wp_2_postmeta',
    'wp_site',
    'wp_blogs',
    'wp_sitemeta',
    'wp_usermeta',
    'wp_signups',
  ]
  const meta = await connectDatabase(account('net'))
  const names = tables.map((name) => ({ name, physicalName: name }))
  const blogs = moveNetwork((await readNetwork(meta, names, 'wp_')) ?? [], { from: old, to: 'http://dev-net.localhost:8080' })
  expect(blogs.map(({ blogId, to }) => `${blogId} ${to.domain}${to.path}`)).toEqual([
    '1 dev-net.localhost:8080/',
    '2 two.dev-net.localhost:8080/',
  ])
  expect(await readNetwork(meta, names.slice(0, 3), 'wp_')).toBeNull()
  await meta.close()
  const done = await replace('net', tables, {
    framework: 'wordpress',
    tablePrefix: 'wp_',
    blogs,
    pairs: [{ from: old, to: 'http://dev-net.localhost:8080' }],
  })
  expect(await rows('net', 'SELECT domain, path, last_updated FROM wp_blogs ORDER BY blog_id')).toEqual([
    'dev-net.localhost:8080\t/\t0000-00-00 00:00:00',
    'two.dev-net.localhost:8080\t/\tNULL',
    'own.example.org\t/\tNULL',
  ])
  expect(await rows('net', 'SELECT domain FROM wp_site')).toEqual(['dev-net.localhost:8080'])
  expect(await rows('net', 'SELECT meta_value FROM wp_sitemeta')).toEqual(['http://dev-net.localhost:8080/'])
  expect(await rows('net', 'SELECT meta_value FROM wp_usermeta ORDER BY umeta_id')).toEqual([
    'dev-net.localhost:8080',
    'old.example.com',
    'own.example.org',
  ])
  expect(await rows('net', 'SELECT domain FROM wp_signups ORDER BY signup_id')).toEqual([
    'dev-net.localhost:8080',
    'old.example.com',
  ])
  expect(await rows('net', "SELECT option_value FROM wp_2_options WHERE option_name IN ('siteurl', 'home')")).toEqual(
    Array(2).fill('http://two.dev-net.localhost:8080'),
  )
  expect(await rows('net', 'SELECT guid FROM wp_2_posts WHERE ID=1')).toEqual(['https://two.old.example.com/?p=1'])
  expect(done.network.map(({ table, after }) => `${table} ${after}`)).toEqual([
    'wp_blogs dev-net.localhost:8080/',
    'wp_blogs two.dev-net.localhost:8080/',
    'wp_site dev-net.localhost:8080/',
    'wp_usermeta dev-net.localhost:8080',
    'wp_signups dev-net.localhost:8080',
  ])
})
