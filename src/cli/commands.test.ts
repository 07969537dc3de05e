import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backup, backupId, harness, link, problem, run, type Routes, workflow, workflowId } from './testing.suite.ts'

const { serve, home } = harness()
const dev = '/v1/sites/blog/environments/dev'
const wait = `GET /v1/workflows/${workflowId}/wait`
const running = workflow({
  state: 'running',
  steps: [{ name: 'capture', state: 'running', progress: null, startedAt: null, finishedAt: null }],
})

test('without a server a command ends with 1 and says how to start one', async () => {
  const { exit, err, out } = await run(['site:list'], { env: { CAIRN_URL: 'http://127.0.0.1:9' } })
  expect({ exit, out }).toEqual({ exit: 1, out: '' })
  expect(err).toContain('SERVER_UNREACHABLE')
  expect(err).toContain('cairn server')
})

test("a problem of the server ends with its code's exit code; with --json it is JSON on stderr", async () => {
  const { env } = await serve({
    'GET /v1/sites/none': (_, response) => problem(response, 404, 'SITE_NOT_FOUND', 'Cannot find site "none": no', 'Look'),
  })
  expect(await run(['site:info', 'none'], { env })).toMatchObject({
    exit: 4,
    out: '',
    err: 'cairn: Cannot find site "none": no (SITE_NOT_FOUND)\ncairn: Look\n',
  })
  const { err } = await run(['site:info', 'none', '--json'], { env })
  expect(JSON.parse(err)).toEqual({ code: 'SITE_NOT_FOUND', message: 'Cannot find site "none": no', hint: 'Look', exit: 4 })
})

test('backup:create waits, and prints the archives of the backup that its workflow made', async () => {
  const { env, seen } = await serve({
    [`POST ${dev}/backups`]: () => ({ workflow: running, existing: false }),
    [wait]: () =>
      workflow({ steps: [{ name: 'capture', state: 'succeeded', progress: null, startedAt: null, finishedAt: null }] }),
    [`GET ${dev}/backups`]: () => ({ backups: [backup({ id: 'other', workflowId: null }), backup()], unfinished: [] }),
  })
  const { exit, out, err } = await run(['backup', 'create', 'blog.dev', '--element=db,code', '--keep-for=30', '--json'], { env })
  expect(exit).toBe(0)
  expect(JSON.parse(out).map((row: { backup: string }) => row.backup)).toEqual([backupId, backupId, backupId])
  expect(err).toContain('✓ capture')
  expect(seen[0]).toMatchObject({ body: { elements: ['code', 'database'], keepForDays: 30 }, authorization: 'Bearer cairn_x' })
})

test('a workflow with warnings ends with 3, a failed one with the code of its failure, 8 for a failed proof', async () => {
  const warnings = [{ code: 'FILE_UNREADABLE', element: 'files' as const, message: 'Cannot read "x"', path: 'x' }]
  const failure = { code: 'VERIFY_FAILED', message: 'Cannot trust it: differs', hint: null, retry: 'never' as const }
  const { env } = await serve({
    'GET /v1/workflows/warned': () => workflow({ warnings }),
    'GET /v1/workflows/failed': () => workflow({ state: 'failed', failure }),
  })
  expect(await run(['workflow:wait', 'warned'], { env })).toMatchObject({
    exit: 3,
    out: 'succeeded\n',
    err: 'warning: Cannot read "x"\n',
  })
  const failed = await run(['workflow:watch', 'failed'], { env })
  expect(failed).toMatchObject({ exit: 8, out: '' })
  expect(failed.err).toContain('Cannot trust it: differs (VERIFY_FAILED)')
})

test('--no-wait prints the id of the workflow and nothing else', async () => {
  const { env } = await serve({ [`POST ${dev}/backups`]: () => ({ workflow: running, existing: false }) })
  expect(await run(['backup:create', 'blog.dev', '-W'], { env })).toMatchObject({ exit: 0, out: `${workflowId}\n`, err: '' })
})

test('Ctrl-C detaches with 130 and says how to come back; a timeout ends with 9', async () => {
  const { env } = await serve({ [`GET /v1/workflows/${workflowId}`]: () => running, [wait]: () => new Promise(() => {}) })
  const interrupt = new Promise<void>((resolve) => void setTimeout(resolve, 100))
  const detached = await run(['workflow:watch', workflowId], { env, interrupt })
  expect(detached).toMatchObject({ exit: 130, out: '' })
  expect(detached.err).toContain(`cairn workflow:watch ${workflowId}`)
  const short = await serve({ [`GET /v1/workflows/${workflowId}`]: () => running, [wait]: () => running })
  expect(await run(['workflow:wait', workflowId, '--timeout=1'], { env: short.env })).toMatchObject({ exit: 9, out: '' })
})

test('backup:list prints the archives on stdout; a backup that failed or runs is told on stderr, with the reason', async () => {
  const failure = {
    code: 'DUMP_FAILED',
    message: 'Cannot dump: it ended with signal SIGKILL',
    hint: null,
    retry: 'later' as const,
  }
  const unfinished = [workflow({ state: 'failed', failure }), workflow({ id: 'RUNS', state: 'running' })]
  const { env } = await serve({ [`GET ${dev}/backups`]: () => ({ backups: [backup()], unfinished }) })
  const { exit, out, err } = await run(['backup:list', 'blog.dev', '--element=db', '--format=list'], { env })
  expect({ exit, out }).toEqual({ exit: 0, out: `${backup().elements[2]?.fileName}\n` })
  expect(err).toContain('failed: Cannot dump: it ended with signal SIGKILL')
  expect(err).toContain('is running (workflow RUNS)')
  const all = await run(['backup:list', 'blog.dev', '--element=db', '--unfinished', '--json'], { env })
  expect(JSON.parse(all.out)).toMatchObject([
    { state: 'failed', fileName: null, workflow: workflowId, failure: { code: 'DUMP_FAILED' }, environment: 'blog.dev' },
    { state: 'running', fileName: null, workflow: 'RUNS', failure: null },
    { fileName: backup().elements[2]?.fileName, failure: null },
  ])
  const table = await run(['backup', 'list', 'blog.dev'], { env })
  for (const title of ['File', 'Size', 'Date', 'Expires', 'Initiator']) expect(table.out.split('\n')[0]).toContain(title)
})

test('backup:delete never guesses which', async () => {
  const { env, seen } = await serve({})
  expect((await run(['backup:delete', 'blog.dev', '--yes'], { env })).exit).toBe(2)
  expect(seen).toEqual([])
})

test('backup:get prints the link, or downloads and checks; it refuses all, a wrong ending and an existing target', async () => {
  const body = Buffer.from('the archive')
  const sha256 = createHash('sha256').update(body).digest('hex')
  const routes: Routes = {
    [`GET ${dev}/backups`]: () => ({ backups: [backup()], unfinished: [] }),
    [`POST /v1/backups/${backupId}/links`]: () =>
      link({ url: `${server.url}/download/t/x`, sizeBytes: body.length, sha256, warning: 'It holds credentials' }),
    'GET /download/t/x': (_, response) => void response.writeHead(200, { 'content-length': body.length, etag: '"e"' }).end(body),
  }
  const server = await serve(routes)
  const env = { ...server.env, HOME: home() }
  const printed = await run(['backup:get', 'blog.dev', '--element=code', '--life=2h'], { env })
  expect(printed).toMatchObject({ exit: 0, out: `${server.url}/download/t/x\n` })
  expect(printed.err).toContain('warning: It holds credentials')
  expect(server.seen.at(-1)?.body).toEqual({ element: 'code', lifeSeconds: 7200 })
  const saved = await run(['backup:get', 'blog.dev', '--element=db', '--to=db.sql.gz'], { env })
  expect(saved).toMatchObject({ exit: 0, out: `${join(env.HOME, 'db.sql.gz')}\n` })
  expect(readFileSync(join(env.HOME, 'db.sql.gz')).equals(body)).toBe(true)
  for (const argv of [
    ['--element=all'],
    [],
    ['--element=code', '--to=code.zip'],
    ['--element=db', '--to=x.tar.gz'],
    ['--element=db', '--to=db.sql.gz'],
  ]) {
    expect((await run(['backup:get', 'blog.dev', ...argv], { env })).exit, argv.join(' ')).toBe(2)
  }
  expect((await run(['backup:get', 'blog.dev', '--element=files', '--to=.'], { env })).exit).toBe(0)
  expect(readdirSync(env.HOME)).toContain(backup().elements[1]?.fileName)
})

test('a token comes from stdin, is kept 0600 for its server alone, is picked by e-mail and forgotten at logout', async () => {
  const who = { kind: 'token', id: 'T', name: 'Owner', email: 'owner@example.org' }
  const whoami: Routes = {
    'GET /v1/whoami': (request, response) =>
      request.headers.authorization === 'Bearer cairn_secret'
        ? who
        : problem(response, 401, 'NOT_SIGNED_IN', 'Cannot go on: no token'),
  }
  const one = await serve(whoami)
  const other = await serve(whoami)
  const env = { HOME: home(), CAIRN_URL: one.url }
  expect((await run(['auth:whoami'], { env })).exit).toBe(5)
  const login = await run(['auth:login', '--machine-token'], { env, stdin: 'cairn_secret\n' })
  expect(login).toMatchObject({ exit: 0, out: 'owner@example.org\n' })
  const tokens = join(env.HOME, '.config/cairn/tokens')
  expect(statSync(join(tokens, readdirSync(tokens)[0] as string)).mode & 0o777).toBe(0o600)
  expect(await run(['auth:whoami', '--field=email'], { env })).toMatchObject({ exit: 0, out: 'owner@example.org\n' })
  expect((await run(['auth:whoami'], { env: { ...env, CAIRN_URL: other.url } })).exit).toBe(5)
  expect(other.seen.every(({ authorization }) => authorization === undefined)).toBe(true)
  expect((await run(['auth:login', '--email=nobody@example.org'], { env })).exit).toBe(5)
  expect((await run(['auth:login', '--email=owner@example.org'], { env })).exit).toBe(0)
  expect((await run(['auth:logout'], { env })).exit).toBe(0)
  expect(readdirSync(tokens)).toEqual([])
  mkdirSync(join(env.HOME, 'data'))
  writeFileSync(join(env.HOME, 'data/token'), 'cairn_secret\n')
  expect((await run(['auth:whoami'], { env })).exit).toBe(5) // logged out stays logged out
  expect((await run(['auth:login'], { env })).exit).toBe(0)
  expect((await run(['auth:whoami'], { env })).exit).toBe(0)
})

test('the token of the local server is found where its cairn.yml says; else it is told where it was looked for', async () => {
  const { env, seen } = await serve({
    'GET /v1/whoami': (request, response) =>
      request.headers.authorization === 'Bearer cairn_local' ? {} : problem(response, 401, 'NOT_SIGNED_IN', 'Cannot go on'),
  })
  const here = { CAIRN_URL: env.CAIRN_URL, CAIRN_DATA: '', HOME: home() }
  writeFileSync(join(here.HOME, 'cairn.yml'), 'data: kept\nlisten: 127.0.0.1:7070\n')
  const without = await run(['auth:whoami'], { env: here })
  expect(without.exit).toBe(5)
  expect(without.err).toContain(join(here.HOME, 'kept/token'))
  mkdirSync(join(here.HOME, 'kept'))
  writeFileSync(join(here.HOME, 'kept/token'), 'cairn_local\n')
  expect((await run(['auth:whoami'], { env: here })).exit).toBe(0)
  expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer cairn_local'])
})

test('a token that the server does not take is told with where it came from', async () => {
  const { env } = await serve({ 'GET /v1/whoami': (_, response) => problem(response, 401, 'NOT_SIGNED_IN', 'Cannot go on') })
  const given = await run(['auth:whoami'], { env })
  expect([given.exit, given.err]).toEqual([5, expect.stringContaining('does not take the machine token in CAIRN_TOKEN')])
  const HOME = home()
  mkdirSync(join(HOME, 'data'))
  writeFileSync(join(HOME, 'data/token'), 'cairn_old\n')
  const local = await run(['auth:whoami'], { env: { CAIRN_URL: env.CAIRN_URL, HOME } })
  expect([local.exit, local.err]).toEqual([
    5,
    expect.stringContaining(`does not take the machine token in "${join(HOME, 'data/token')}"`),
  ])
})

test('a login that cannot be kept says where it should have been', async () => {
  const { env } = await serve({ 'GET /v1/whoami': () => ({ name: 'Owner', email: 'owner@example.org' }) })
  const HOME = home()
  writeFileSync(join(HOME, 'file'), '')
  const config = { ...env, HOME, XDG_CONFIG_HOME: join(HOME, 'file') }
  const { exit, err } = await run(['auth:login', '--machine-token'], { env: config, stdin: 'cairn_x' })
  expect([exit, err]).toEqual([2, expect.stringMatching(/Cannot keep the login: ".*file\/cairn\/.*XDG_CONFIG_HOME/s)])
})

test('site:attach shows what it found, takes the password from a file, and never prints it', async () => {
  const database = { host: 'db', port: null, socket: null, user: 'blog', name: 'blog', passwordPresent: true }
  const detection = {
    framework: 'wordpress',
    version: '6.5',
    codeRoot: '/w',
    docroot: '/w',
    contentDirectory: '/w/wp-content',
    filesDirectory: '/w/u',
    furtherFiles: [{ at: 'private', directory: '/w-private' }],
    configFiles: ['/w/wp-config.php'],
    url: null,
    tablePrefix: 'wp_',
    database,
    notes: ['a note'],
  }
  const environment = {
    id: 'E',
    site: 'blog',
    name: 'dev',
    kind: 'attached',
    framework: 'wordpress',
    version: '6.5',
    codeRoot: '/w',
    docroot: '/w',
    filesDirectory: '/w/u',
    configFiles: [],
    url: null,
    database,
    adminDatabase: false,
    createdAt: '2026-03-01T10:00:00.000Z',
    undo: null,
  }
  const preflight = {
    mode: 'apply',
    checks: [{ check: 'grants', ok: false, level: 'warning', message: 'TRIGGER is not granted' }],
  }
  const { env, seen } = await serve({
    'POST /v1/detect': () => detection,
    [`POST ${dev}`]: () => ({ environment, detection, preflight }),
  })
  const HOME = home()
  writeFileSync(join(HOME, 'pw'), 'hush\n')
  const { exit, out, err } = await run(['site', 'attach', 'blog.dev', '--path=w', '--db-password-file=pw', '--format=json'], {
    env: { ...env, HOME },
  })
  expect(exit).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ environment: 'blog.dev', preflight })
  expect(err).toContain('Found wordpress 6.5')
  expect(err).toContain('warning: TRIGGER is not granted')
  expect(out + err).not.toContain('hush')
  expect(seen.find(({ path }) => path === dev)?.body).toEqual({ path: join(HOME, 'w'), database: { password: 'hush' } })

  writeFileSync(join(HOME, 'env'), 'PW=secret-too\n')
  const all = [
    ...['--framework=wordpress', '--files=u', '--url=http://a.test', '--label=A', '--table-prefix=x_', '--php-env-file=env'],
    ...['--db-host=h', '--db-port=3307', '--db-user=u', '--db-name=n', '--db-password-file=pw', '--db-tls=required'],
    ...['--admin-user=root', '--admin-password-file=-', '--php-reload=systemctl reload php'],
  ]
  const told = await run(['site:attach', 'blog.dev', '--path=w', ...all], { env: { ...env, HOME }, stdin: 'from stdin\n' })
  expect(told.exit).toBe(0)
  expect(told.out + told.err).not.toMatch(/hush|secret-too|from stdin/)
  expect(seen.findLast(({ path }) => path === dev)?.body).toEqual({
    path: join(HOME, 'w'),
    framework: 'wordpress',
    filesPath: join(HOME, 'u'),
    url: 'http://a.test',
    label: 'A',
    tablePrefix: 'x_',
    environment: { PW: 'secret-too' },
    database: { host: 'h', port: 3307, user: 'u', name: 'n', password: 'hush', tls: 'required' },
    adminDatabase: { user: 'root', password: 'from stdin' },
    phpReload: 'systemctl reload php',
  })
  const before = seen.length
  const no = await run(['site:attach', 'blog.dev', '--path=w'], { env, tty: true, answers: [false] })
  expect([no.exit, no.err]).toEqual([6, expect.stringContaining('Nothing was attached')])
  expect(seen.slice(before).map(({ path }) => path)).toEqual(['/v1/detect'])
  const twice = await run(['site:attach', 'blog.dev', '--path=w', '--php-env-file=-', '--db-password-file=-'], { env })
  expect([twice.exit, twice.err]).toEqual([2, expect.stringContaining('Cannot read stdin twice')])
})

test('env:undo says which state is in place now, and which restore it is about', async () => {
  const result = {
    inPlace: 'before',
    restoredAt: '2026-03-02T10:00:00.000Z',
    backup: backupId,
    momentAt: '2026-03-01T10:00:00.000Z',
  }
  const { env } = await serve({ [`POST ${dev}/undo`]: () => ({ workflow: workflow({ kind: 'undo', result }), existing: false }) })
  const back = await run(['env:undo', 'blog.dev', '--yes'], { env })
  expect(back.exit).toBe(0)
  expect(back.err).toMatch(/blog\.dev now has the state before the change of 2026-03-0\d.*the backup of 2026-03-0\d/)
  expect(back.err).toContain('Forward again: cairn env:undo blog.dev')
  expect(back.out).toContain('the state before the change')
  result.inPlace = 'after'
  const forward = await run(['env:undo', 'blog.dev', '--yes', '--format=json'], { env })
  expect(JSON.parse(forward.out)).toMatchObject(result)
  expect(forward.err).toContain('now has the state after the change')
})

test('repository:check ends with 8 on damage; the key is printed bare, or saved 0600 and never over a file', async () => {
  const report = {
    ok: false,
    readData: true,
    backups: 1,
    packs: 1,
    chunks: 1,
    bytesRead: 1,
    seconds: 1,
    problems: [{ code: 'CHUNK_DAMAGED', message: 'bad', subject: null, backups: [backupId] }],
  }
  const { env } = await serve({
    'POST /v1/repository/check': () => report,
    'POST /v1/repository/key/export': () => ({ key: 'KEY', repositoryId: 'R' }),
  })
  const checked = await run(['repository:check', '--read-data'], { env })
  expect(checked.exit).toBe(8)
  expect(checked.out).toContain('bad (CHUNK_DAMAGED)')
  const HOME = home()
  expect((await run(['repository', 'key', 'export'], { env })).out).toBe('KEY\n')
  expect((await run(['repository:key', 'export', '--to=k'], { env: { ...env, HOME } })).exit).toBe(0)
  expect(statSync(join(HOME, 'k')).mode & 0o777).toBe(0o600)
  expect((await run(['repository:key', 'export', '--to=k'], { env: { ...env, HOME } })).exit).toBe(2)
})
