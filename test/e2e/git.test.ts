import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeTree } from '../../src/base/files.ts'
import { childEnd, startChild } from '../../src/base/spawn.ts'
import { userEnvironment, userGit } from '../../src/git/testing.suite.ts'
import { freePort } from '../servers/ports.ts'
import { type House, startHouse } from './house.ts'

// Follows docs/manual-import.md word by word against a real server: its shell blocks are run as they stand there, and what was
// pushed is fetched as a visitor gets it.

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: git over HTTP with a real server, which needs root to run managed sites')

const text = readFileSync(join(import.meta.dirname, '../../docs/manual-import.md'), 'utf8')

/** The shell block below a heading. */
function blockOf(heading: string): string {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))
  const block = /^```sh\n(.*?)^```/ms.exec(section ?? '')?.[1]
  if (block === undefined) throw new Error(`docs/manual-import.md has no commands below "${heading}"`)
  return block
}

interface Workflow {
  id: string
  kind: string
  state: string
  failure: { code: string; message: string } | null
  result: { release: number | null } | null
}

describe.runIf(isRoot)('git over HTTP', () => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-e2e-git-')))
  const old = join(base, 'old')
  const env: Record<string, string> = {}
  let house: House

  beforeAll(async () => {
    chmodSync(base, 0o711)
    env['CAIRN_GATEWAY_LISTEN'] = `127.0.0.1:${await freePort()}`
    house = await startHouse({ directory: base, env })
    mkdirSync(old)
    userGit(old, ['init', '-q', '-b', 'main'])
    commitFiles(old, { 'old.php': '<?php echo "old";' })
    commitFiles(old, { 'index.php': page('the old site') })
    userGit(old, ['tag', 'v1'])
    writeFileSync(join(base, 'askpass'), '#!/bin/sh\necho "$PASSWORD"\n', { mode: 0o755 })
  })
  afterAll(async () => {
    await house.stop()
    removeTree(base, tmpdir())
  })

  const page = (mark: string): string => `<?php echo "This is ${mark}";`

  function commitFiles(directory: string, files: Record<string, string>): string {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
    userGit(directory, ['add', '-A'])
    userGit(directory, ['commit', '-q', '-m', Object.keys(files).join(' ')])
    return userGit(directory, ['rev-parse', 'HEAD']).trim()
  }

  async function shell(site: string, script: string, directory: string): Promise<{ code: number | null; words: string }> {
    const { body } = await house.api<{ gitUrl: string }>('GET', `/v1/sites/${site}`)
    const password = readFileSync(join(house.data, 'token'), 'utf8').trim()
    const own = { CAIRN_GIT_URL: body.gitUrl, OLD_GIT_URL: old, PASSWORD: password, GIT_ASKPASS: join(base, 'askpass') }
    const child = startChild('bash', ['-ec', script], { cwd: directory, env: { ...userEnvironment(), ...own } })
    let words = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => void (words += part.toString()))
    return { code: (await childEnd(child)).code, words }
  }

  const desk = (): string => mkdtempSync(join(base, 'desk-'))
  const follow = (site: string, ...headings: string[]) => shell(site, headings.map(blockOf).join(''), desk())

  async function ended(id: string): Promise<Workflow> {
    for (;;) {
      const { body } = await house.api<Workflow>('GET', `/v1/workflows/${id}/wait?seconds=10`)
      if (body.state !== 'queued' && body.state !== 'running') return body
    }
  }

  async function begin(path: string, body: object): Promise<Workflow> {
    const answer = await house.api<{ workflow: Workflow }>('POST', path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(202)
    return ended(answer.body.workflow.id)
  }

  async function createEmpty(site: string): Promise<void> {
    const made = await begin('/v1/sites', { site, source: { kind: 'empty', framework: 'wordpress' } })
    expect(made).toMatchObject({ state: 'succeeded' })
  }

  async function workflows(site: string): Promise<Workflow[]> {
    const { body } = await house.api<{ workflows: Workflow[] }>('GET', `/v1/workflows?site=${site}&limit=50`)
    return body.workflows
  }

  /** Until nothing waits or runs, the newest of them. */
  async function settled(site: string): Promise<Workflow> {
    await expect
      .poll(async () => (await workflows(site)).every(({ state }) => state !== 'queued' && state !== 'running'), {
        timeout: 120_000,
      })
      .toBe(true)
    return (await workflows(site))[0] as Workflow
  }

  /** What a visitor of dev gets. */
  async function visit(site: string): Promise<string> {
    const { body } = await house.api<{ url: string }>('GET', `/v1/sites/${site}/environments/dev`)
    return visitAt(new URL(body.url).host)
  }

  function visitAt(host: string): Promise<string> {
    const [, port] = (env['CAIRN_GATEWAY_LISTEN'] ?? '').split(':')
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/', headers: { host } }, (answer) => {
        let page = ''
        answer.setEncoding('utf8').on('data', (part: string) => (page += part))
        answer.on('end', () => resolve(`${answer.statusCode} ${page}`))
      }).on('error', reject)
    })
  }

  async function expectDev(site: string, mark: string): Promise<void> {
    await expect.poll(() => visit(site), { timeout: 120_000 }).toBe(`200 This is ${mark}`)
    await settled(site)
  }

  /** A site with one commit, as the Importer leaves it. */
  async function createImported(site: string): Promise<string> {
    await createEmpty(site)
    const directory = desk()
    userGit(directory, ['init', '-q', '-b', 'master'])
    commitFiles(directory, { 'index.php': page('Cairn'), 'new.php': '<?php' })
    expect(await shell(site, 'git push -q "$CAIRN_GIT_URL" master', directory)).toMatchObject({ code: 0 })
    await expectDev(site, 'Cairn')
    return directory
  }

  const repository = (site: string): string => join(house.data, 'sites', site, 'repository.git')
  const messages = (site: string): string[] => userGit(repository(site), ['log', '--format=%s', 'master']).trim().split('\n')
  const files = (site: string): string[] => userGit(repository(site), ['ls-tree', '--name-only', 'master']).trim().split('\n')

  test('an existing repository goes into an empty site, and dev shows it', async () => {
    await createEmpty('blog')
    expect(await follow('blog', 'An existing repository into an empty site')).toMatchObject({ code: 0 })
    await expectDev('blog', 'the old site')
    expect(messages('blog')).toEqual(['index.php', 'old.php'])
    expect(userGit(repository('blog'), ['tag'])).toBe('v1\n')
    expect((await workflows('blog'))[0]).toMatchObject({ kind: 'follow_master', state: 'succeeded', result: { release: 2 } })
  })

  test.for([
    ['Keep the code as Cairn has it', 'Cairn', 'index.php new.php'],
    ['Keep the code of both', 'Cairn', 'index.php new.php old.php'],
    ['Keep the code of the old repository', 'the old site', 'index.php old.php'],
  ] as const)('an old history is joined to a new site: %s', async ([heading, shown, names], { task }) => {
    const site = `join${task.id.slice(-1)}`
    await createImported(site)
    expect(await follow(site, 'An old history below a new site', heading)).toMatchObject({ code: 0 })
    await expectDev(site, shown)
    expect(files(site)).toEqual(names.split(' '))
    expect(messages(site)).toEqual(expect.arrayContaining(['index.php', 'old.php', 'index.php new.php']))
    userGit(repository(site), ['fsck', '--strict'])
  })

  test('the new history is thrown away only where forced pushes are allowed', async () => {
    await createImported('throw')
    const heading = 'Throwing the new history away'
    expect((await follow('throw', heading)).words).toContain('non-fast-forward')
    expect(messages('throw')).toEqual(['index.php new.php'])
    await house.stop()
    env['CAIRN_FORCED_PUSH'] = 'yes'
    house = await startHouse({ directory: base, env })
    expect(await follow('throw', heading)).toMatchObject({ code: 0 })
    await expectDev('throw', 'the old site')
    expect(messages('throw')).toEqual(['index.php', 'old.php'])
  })

  test('dev keeps what runs when a push does not, shows the last of several, and catches up after a crash', async () => {
    const directory = await createImported('shop')
    const push = async (): Promise<void> =>
      expect(await shell('shop', 'git push -q "$CAIRN_GIT_URL" master', directory)).toMatchObject({ code: 0 })
    commitFiles(directory, { 'index.php': '<?php missing();' })
    await push()
    await expect
      .poll(async () => (await workflows('shop'))[0], { timeout: 120_000 })
      .toMatchObject({ kind: 'follow_master', state: 'failed', failure: { code: 'VERIFY_FAILED' } })
    expect(await visit('shop')).toBe('200 This is Cairn')

    // asked for by a change of code it is refused, and is in no branch afterwards
    const broken = userGit(directory, ['rev-parse', 'HEAD']).trim()
    commitFiles(directory, { 'index.php': page('mended') })
    await push()
    await expectDev('shop', 'mended')
    const tip = userGit(directory, ['rev-parse', 'HEAD']).trim()
    const environment = '/v1/sites/shop/environments/dev'
    const format = '--format=%(refname) %(objectname)'
    for (const [path, more] of [
      ['revert-code', {}],
      ['reset-code', { confirm: 'shop.dev' }],
    ] as const) {
      const failed = await begin(`${environment}/${path}`, { commit: broken, ...more })
      expect(failed).toMatchObject({ state: 'failed', failure: { code: 'VERIFY_FAILED' } })
      expect(userGit(repository('shop'), ['for-each-ref', format, 'refs/heads', 'refs/cairn/undo'])).toBe(
        `refs/heads/master ${tip}\n`,
      )
    }
    expect(await visit('shop')).toBe('200 This is mended')

    for (const number of [1, 2, 3]) {
      commitFiles(directory, { 'index.php': page(`push ${number}`) })
      await push()
    }
    await expectDev('shop', 'push 3')
    const followed = (await workflows('shop')).filter(({ kind }) => kind === 'follow_master')
    expect(followed.length).toBeLessThanOrEqual(6)

    // a push whose workflow a killed server did not come to ask for
    await house.kill()
    commitFiles(directory, { 'index.php': page('after the crash') })
    userGit(directory, ['push', '-q', repository('shop'), 'master'])
    await house.start()
    await expectDev('shop', 'after the crash')
  })

  test('an undo of a push or of a reset takes master along, and pushes go on', async () => {
    const directory = await createImported('back')
    const first = userGit(directory, ['rev-parse', 'HEAD']).trim()
    const second = commitFiles(directory, { 'index.php': page('second') })
    expect(await shell('back', 'git push -q "$CAIRN_GIT_URL" master', directory)).toMatchObject({ code: 0 })
    await expectDev('back', 'second')
    const environment = '/v1/sites/back/environments/dev'
    expect(await begin(`${environment}/undo`, {})).toMatchObject({ state: 'succeeded' })
    await expectDev('back', 'Cairn')
    const tree = (name: string): string => userGit(repository('back'), ['rev-parse', `${name}^{tree}`]).trim()
    expect([tree('master'), messages('back').length]).toEqual([tree(first), 3])
    expect(await begin(`${environment}/undo`, {})).toMatchObject({ state: 'succeeded' })
    await expectDev('back', 'second')
    expect([tree('master'), messages('back').length]).toEqual([tree(second), 4])

    // who has fetched goes on
    const script = 'git pull -q "$CAIRN_GIT_URL" master && echo "<?php echo \\"This is third\\";" > index.php'
    const more = `${script} && git commit -q -a -m third && git push -q "$CAIRN_GIT_URL" master`
    expect(await shell('back', more, directory)).toMatchObject({ code: 0 })
    await expectDev('back', 'third')
    const tip = userGit(directory, ['rev-parse', 'HEAD']).trim()

    // a reset rewrites; its undo goes forward again to the very tip
    const reset = await begin(`${environment}/reset-code`, { commit: first, confirm: 'back.dev' })
    expect(reset).toMatchObject({ state: 'succeeded' })
    await expectDev('back', 'Cairn')
    expect(userGit(repository('back'), ['rev-parse', 'master']).trim()).toBe(first)
    expect(userGit(repository('back'), ['for-each-ref', '--format=%(objectname)', 'refs/cairn/undo']).trim()).toBe(tip)
    expect(await begin(`${environment}/undo`, {})).toMatchObject({ state: 'succeeded' })
    await expectDev('back', 'third')
    expect(userGit(repository('back'), ['rev-parse', 'master']).trim()).toBe(tip)
  })

  test('an environment gets an address of its own, and what a web server needs to serve it', async () => {
    const directory = await createImported('own')
    commitFiles(directory, { 'index.php': '<?php echo "This is ", getenv("CAIRN_URL");' })
    expect(await shell('own', 'git push -q "$CAIRN_GIT_URL" master', directory)).toMatchObject({ code: 0 })
    const { body } = await house.api<{ url: string }>('GET', '/v1/sites/own/environments/dev')
    await expectDev('own', body.url)
    const set = await house.cairn('env:set-url', 'own.dev', 'http://own.example.org:8080', '--json')
    expect([set.code, set.stderr]).toEqual([0, expect.stringContaining('cairn env:search-replace own.dev')])
    expect(set.json()).toMatchObject({ environment: 'own.dev', url: 'http://own.example.org:8080' })
    expect(await visitAt('own.example.org:8080')).toBe('200 This is http://own.example.org:8080')
    // what an undo brings back knows the address as well, and the gateway's own name still leads there
    expect(await begin('/v1/sites/own/environments/dev/undo', {})).toMatchObject({ state: 'succeeded' })
    expect(await begin('/v1/sites/own/environments/dev/undo', {})).toMatchObject({ state: 'succeeded' })
    expect(await visitAt(new URL(body.url).host)).toBe('200 This is http://own.example.org:8080')

    const { stdout } = await house.cairn('env:webserver-config', 'own.dev', '--server=nginx')
    expect(stdout).toContain(
      '# ---- /etc/nginx/conf.d/cairn-dev-own.conf\nserver {\n    listen 8080;\n    server_name own.example.org;',
    )
    expect(stdout).toMatch(/^ExecStart=\/\S*php-fpm\S* /m)
    expect(stdout).toContain(join(house.data, 'sites/own/dev/current/code'))
    expect((await house.cairn('env:webserver-config', 'own.test')).stderr).toContain('nothing was ever deployed')
    expect((await house.cairn('env:set-url', 'own.dev', '--gateway')).code).toBe(0)
    expect(await visit('own')).toBe(`200 This is ${body.url}`)
    expect((await house.cairn('env:set-url', 'own.dev', 'ftp://x')).code).toBe(2)
  })
})
