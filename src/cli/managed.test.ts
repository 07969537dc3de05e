import { expect, test } from 'vitest'
import type { ManagedResult } from '../contract/managedSchemas.ts'
import { backup, backupId, harness, problem, run, type Routes, workflow, workflowId } from './testing.suite.ts'

const { serve } = harness()
const dev = '/v1/sites/blog/environments/dev'
const live = '/v1/sites/blog/environments/live'
const commit = '5e43b92377325c5059e71f8cff43eeb572816b08'

const result = (change: Partial<ManagedResult> = {}): ManagedResult => ({
  ...{ site: 'blog', environment: 'dev', url: 'http://dev-blog.localhost:7080', release: 2, commit },
  ...{ safetyBackup: backupId, done: ['10 addresses were replaced'], maintenanceMs: 400, ...change },
})

/** Answers `POST path` with a workflow that has succeeded with `outcome`. */
const succeeds = (path: string, outcome: unknown, method = 'POST'): Routes => ({
  [`${method} ${path}`]: () => ({ workflow: workflow({ result: outcome }), existing: false }),
  'GET /v1/sites/blog': () => ({ name: 'blog', environments: ['dev', 'test', 'live'] }),
  [`GET ${dev}`]: () => ({}),
  [`GET ${live}`]: () => ({}),
  'GET /v1/whoami/actions': () => ({ actions: [] }),
  'GET /v1/sites/blog/environments': () => ({ environments: [] }),
})

test('site:create sends what it is made of, and tells address, release and what was done', async () => {
  const { env, seen } = await serve(succeeds('/v1/sites', result({ release: 1, safetyBackup: null })))
  const url = 'https://example.org/code.tar.gz?sig=1'
  const made = await run(['site:create', 'blog', `--code=${url}`, '--database=-', '--label=B'], { env, stdin: `${url}&db\n` })
  expect(made.exit).toBe(0)
  expect(seen[0]?.body).toEqual({
    site: 'blog',
    label: 'B',
    source: { kind: 'archives', code: { url }, database: { url: `${url}&db` } },
  })
  expect(made.out).toMatch(/Address +http:\/\/dev-blog\.localhost:7080\nRelease +1\n/)
  expect(made.err).toContain('10 addresses were replaced')
  expect(made.err).not.toContain('env:undo') // there is nothing before it
  await run(['site:create', 'blog', '--from-backup=B1', '--element=code,db', '--keep-addresses'], { env })
  const source = { kind: 'backup', backup: 'B1', elements: ['code', 'database'], replaceAddresses: false }
  expect(seen.findLast(({ method }) => method === 'POST')?.body).toEqual({ site: 'blog', source })
  await run(['import', 'site', 'blog', url], { env })
  expect(seen.findLast(({ method }) => method === 'POST')?.body).toEqual({
    site: 'blog',
    source: { kind: 'archives', all: { url } },
  })
})

test('site:create is made in one way', async () => {
  const { env, seen } = await serve({})
  for (const options of [[], ['--framework=wordpress', '--from-backup=X'], ['--database=http://x'], ['--framework=wordpres']]) {
    expect((await run(['site:create', 'blog', ...options], { env })).exit, options.join(' ')).toBe(2)
  }
  expect(seen).toEqual([])
})

test('what changes an environment is asked for, and its name on live; nothing is sent without', async () => {
  const changes: [string, string[], object][] = [
    ['import', ['import:db', 'blog.live', 'http://x/d.sql'], { element: 'database', from: { url: 'http://x/d.sql' } }],
    ['clone', ['env:clone-content', 'blog.test', 'live', '--files-only'], { from: 'test', elements: ['files'] }],
    ['deploy', ['env:deploy', 'blog.live', '--note=n', '--updatedb'], { note: 'n', updateDatabase: true }],
    ['wipe', ['env:wipe', 'blog.live'], {}],
    [
      'search-replace',
      ['env:search-replace', 'blog.live', 'http://a', 'http://b'],
      { pairs: [{ from: 'http://a', to: 'http://b' }] },
    ],
  ]
  for (const [route, argv, body] of changes) {
    const outcome =
      route === 'search-replace' ? { dryRun: false, cells: 0, replacements: 0, tables: [], samples: [], release: null } : result()
    const { env, seen } = await serve(succeeds(`${live}/${route}`, outcome))
    const posts = () => seen.filter(({ method }) => method === 'POST')
    for (const flags of [[], ['--yes'], ['--yes', '--confirm=blog.dev'], ['-n']]) {
      expect((await run([...argv, ...flags], { env })).exit, `${argv.join(' ')} ${flags.join(' ')}`).toBe(6)
    }
    expect((await run(argv, { env, tty: true, answers: ['blog.dev'] })).exit).toBe(6)
    expect(posts()).toEqual([])
    expect((await run(argv, { env, tty: true, answers: ['blog.live'] })).exit).toBe(0)
    expect(posts().map((each) => each.body)).toEqual([{ ...body, confirm: 'blog.live' }])
  }
})

test('a deletion needs the name of the site, and says which backups stay', async () => {
  const deleted = { site: 'blog', environment: null, lastBackups: [backupId] }
  const { env, seen } = await serve(succeeds('/v1/sites/blog', deleted, 'DELETE'))
  expect((await run(['site:delete', 'blog', '--yes'], { env })).exit).toBe(6)
  expect(seen.some(({ method }) => method === 'DELETE')).toBe(false)
  const done = await run(['site:delete', 'blog', '--yes', '--confirm=blog'], { env })
  expect([done.exit, done.out]).toEqual([0, expect.stringContaining(backupId)])
  expect(done.err).toContain(`--from-backup=${backupId}`)
  expect((await run(['env:delete', 'blog.live', '--yes', '--confirm=blog.live'], { env })).exit).toBe(2)
})

test('dry runs ask nothing and print what would change', async () => {
  const plan = { added: 1, changed: 0, removed: 2, examples: [{ change: 'added', path: 'a\u001b[2J' }], warnings: [] }
  const imports = await serve(succeeds(`${live}/import`, plan))
  const looked = await run(['import:code', 'blog.live', 'http://x/c.zip', '--dry-run', '--overwrite'], { env: imports.env })
  expect(looked).toMatchObject({ exit: 0, out: 'Added    1\nChanged  0\nRemoved  2\n' })
  expect(looked.err).toContain('added    a\\u001b[2J')
  expect(imports.seen.at(-1)?.body).toEqual({ element: 'code', from: { url: 'http://x/c.zip' }, code: 'overwrite', dryRun: true })
  const sample = { table: 't', column: 'c', before: 'http://a', after: 'http://b' }
  const report = {
    dryRun: true,
    cells: 1,
    replacements: 1,
    tables: [{ table: 't', cells: 1, replacements: 1 }],
    samples: [sample],
    release: null,
  }
  const { env } = await serve(succeeds(`${live}/search-replace`, report))
  const found = await run(['env:search-replace', 'blog.live', 'http://a', 'http://b', '--dry-run', '--json'], { env })
  expect(JSON.parse(found.out)).toEqual(report)
})

test('backup:restore goes into another environment, with its addresses or without', async () => {
  const test = '/v1/sites/other/environments/test'
  const { env, seen } = await serve({
    [`GET ${test}`]: () => ({}),
    ...succeeds(`${test}/restore`, { ...result({ site: 'other', environment: 'test' }), backup: backupId }),
    [`GET ${dev}/backups`]: () => ({ backups: [backup()], unfinished: [] }),
  })
  const argv = ['backup:restore', 'blog.dev', '--to-env=other.test', '--keep-addresses', '--yes']
  const { exit, err, out } = await run(argv, { env })
  expect([exit, out]).toEqual([0, expect.stringMatching(/Environment +other\.test/)])
  expect(err).toMatch(/wipes .* of other\.test, and puts the backup of blog\.dev/)
  expect(err).toContain('10 addresses were replaced')
  expect(seen.at(-1)?.body).toMatchObject({ backup: backupId, replaceAddresses: false, confirm: 'other.test' })
})

test('env:code-log shows commits and where they are; multidev:create is written as Terminus writes it', async () => {
  const one = {
    ...{ hash: commit, parents: [], author: 'Ada', email: 'a@example.org', date: '2026-03-01T10:00:00.000Z' },
    ...{ subject: 'First', message: 'First\n\nmore', tags: ['cairn_live_1'], environments: ['dev', 'live'], deployed: true },
  }
  const { env, seen } = await serve({
    [`GET ${dev}/code-log`]: ({ query }) => ({ commits: [one], more: query.get('limit') === '1' }),
    'POST /v1/sites/blog/environments': () => ({ workflow: workflow(), existing: false }),
  })
  const shown = await run(['env:code-log', 'blog.dev', '--limit=1'], { env })
  expect(shown.out).toMatch(/Ada +5e43b9237732 +dev, live +cairn_live_1 +First\n$/)
  expect(shown.err).toContain('--skip=1')
  expect(JSON.parse((await run(['env:code-log', 'blog.dev', '--json'], { env })).out)).toEqual([one])
  expect((await run(['multidev:create', 'blog.live', 'fix', '-W'], { env })).out).toBe(`${workflowId}\n`)
  expect(seen.at(-1)?.body).toEqual({ environment: 'fix', from: 'live' })
})

test('what is attached is refused before anybody is warned, or types a name', async () => {
  const attached = { name: 'live', kind: 'attached', managed: null }
  const { env, seen } = await serve({
    'GET /v1/sites/blog': () => ({ name: 'blog', environments: ['live'] }),
    'GET /v1/sites/blog/environments': () => ({ environments: [attached] }),
    [`GET ${live}`]: () => attached,
  })
  for (const argv of [
    ['env:wipe', 'blog.live'],
    ['env:deploy', 'blog.live'],
    ['env:clone-content', 'blog.test', 'live'],
    ['env:search-replace', 'blog.live', 'http://a', 'http://b'],
    ['env:code-revert', 'blog.live', 'abc'],
    ['site:delete', 'blog'],
  ]) {
    const { exit, err } = await run(argv, { env })
    expect([exit, err], argv.join(' ')).toEqual([2, expect.stringMatching(/^cairn: Cannot .*attached, not managed/)])
    expect(err).toContain(argv[0] === 'site:delete' ? 'cairn site:detach blog.live' : '--from-backup=ID')
  }
  expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
})

test('a value that the server would refuse by its schema is refused in words of the option', async () => {
  const { env, seen } = await serve({})
  const wrong: [string[], string][] = [
    [['backup:get', 'blog.dev', '--element=db', '--life=31d'], 'Cannot use "31d" for --life: it is longer than 30 days'],
    [['env:set-url', 'blog.dev', 'www.example.org'], 'Cannot use "www.example.org" as an address'],
    [['env:webserver-config', 'blog.dev', '--server=apache'], 'Allowed choices are nginx'],
    [['env:clone-content', 'blog.dev', 'dev'], 'Cannot clone blog.dev into itself'],
    [['person:invite', 'a@example.org', '--site=blog'], 'it is not said with which role'],
    [['audit:list', '--action=backup.craete'], 'Did you mean "backup.create"?'],
  ]
  for (const [argv, said] of wrong) {
    const { exit, err } = await run(argv, { env })
    expect([exit, err], argv.join(' ')).toEqual([2, expect.stringContaining(said)])
  }
  expect(seen).toEqual([])
})

test('a refusal of the server is told with its code', async () => {
  const refuse: Routes = {
    [`GET ${dev}`]: () => ({}),
    [`POST ${dev}/wipe`]: (_, response) => problem(response, 422, 'PREFLIGHT_REFUSED', 'Cannot wipe "blog.dev": it is attached'),
  }
  const { env } = await serve(refuse)
  expect(await run(['env:wipe', 'blog.dev', '--yes'], { env })).toMatchObject({ exit: 2, out: '' })
})
