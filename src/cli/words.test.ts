import { expect, test } from 'vitest'
import { readElement, readElements, readEnvironment, readNewEnvironment, readSeconds } from './inputs.ts'
import { run } from './testing.suite.ts'
import { joinCommand } from './words.ts'

const names = ['backup:create', 'backup:list', 'repository:key', 'server']

test('a command may be written with a space, wherever options stand', () => {
  expect(joinCommand(['backup', 'create', 'blog.dev'], names)).toEqual(['backup:create', 'blog.dev'])
  expect(joinCommand(['--format', 'json', 'backup', '-q', 'list', 'x'], names)).toEqual([
    '--format',
    'json',
    'backup:list',
    '-q',
    'x',
  ])
  expect(joinCommand(['repository', 'key', 'export'], names)).toEqual(['repository:key', 'export'])
  expect(joinCommand(['repository:key:export'], names)).toEqual(['repository:key', 'export'])
  expect(joinCommand(['help', 'backup', 'list'], names)).toEqual(['help', 'backup:list'])
  expect(joinCommand(['server', 'backup', 'create'], names)).toEqual(['server', 'backup', 'create'])
})

test('a mistyped command or option ends with 2 and names the one that was meant', async () => {
  const command = await run(['backup', 'crate', 'blog.dev'])
  expect(command).toMatchObject({ exit: 2, out: '' })
  expect(command.err).toContain('Did you mean "backup:create"?')
  const option = await run(['backup:create', 'blog.dev', '--elemnt=db'])
  expect(option.exit).toBe(2)
  expect(option.err).toContain('Did you mean "--element"?')
})

test('a group alone names its commands; nothing at all prints the help', async () => {
  expect((await run(['backup'])).err).toContain('backup:restore')
  expect(await run([])).toMatchObject({ exit: 0, err: '', out: expect.stringContaining('backup:restore') })
})

test('the help of a group lists its commands; the help of what there is not is refused, and names what was meant', async () => {
  for (const argv of [
    ['help', 'backup'],
    ['backup', '--help'],
    ['backup', '-h'],
    ['--no-color', 'backup', '--help'],
  ]) {
    const { exit, out, err } = await run(argv)
    expect([exit, err], argv.join(' ')).toEqual([0, ''])
    expect(out).toMatch(/^ {2}backup:create +Take a backup of an environment$/m)
    expect(out).not.toContain('site:attach')
  }
  for (const argv of [
    ['help', 'sevrer'],
    ['sevrer', '--help'],
    ['help', 'backup', 'crate'],
  ]) {
    const { exit, out, err } = await run(argv)
    expect([exit, out], argv.join(' ')).toEqual([2, ''])
    expect(err).toMatch(/Did you mean "(server|backup:create)"\?/)
  }
})

test('help is the same text in a pipe and at a terminal, whose width only counts below 80; examples are never broken', async () => {
  const helpAt = (columns: number, tty: boolean) => run(['site:create', '--help'], { columns, tty })
  const piped = await helpAt(80, false)
  expect((await helpAt(200, true)).out).toBe(piped.out)
  expect((await helpAt(50, true)).out).not.toBe(piped.out)
  expect(piped.out).toContain('\n  $ cairn site:create shop --code=code.tar.gz --files=files.tar.gz --database=dump.sql.gz\n')
})

test('every help has examples and the exit codes', async () => {
  const { out } = await run([])
  const commands = [...out.matchAll(/^ {2}([a-z]+(?::[a-z]+)?) /gm)]
    .map(([, name]) => name as string)
    .filter((name) => name !== 'cairn')
  expect(commands).toContain('backup:recall')
  expect(commands.length).toBeGreaterThan(28)
  for (const name of commands) {
    const help = await run(['help', ...name.split(':')])
    expect(help, name).toMatchObject({ exit: 0, err: '' })
    expect(help.out, name).toMatch(/Examples:\n {2}# .+\n {2}\$ cairn /)
    expect(help.out, name).toContain('130  interrupted')
  }
})

test('elements: all, db, several; one at a time where an archive is meant', () => {
  expect(readElements('all')).toEqual(['code', 'files', 'database'])
  expect(readElements('db,code')).toEqual(['code', 'database'])
  expect(readElement('db', 'x')).toBe('database')
  expect(() => readElements('flies')).toThrow(expect.objectContaining({ hint: expect.stringContaining('"files"') }))
  expect(() => readElement('all', 'x')).toThrow(/one element at a time/)
  expect(() => readElement(undefined, 'x')).toThrow(/one element at a time/)
})

test('environments come from the argument, else from CAIRN_SITE and CAIRN_ENV', () => {
  expect(readEnvironment('blog.live', {})).toEqual({ site: 'blog', environment: 'live', text: 'blog.live' })
  expect(readEnvironment(undefined, { CAIRN_SITE: 'blog', CAIRN_ENV: 'dev' }).text).toBe('blog.dev')
  for (const wrong of ['blog', '.live', 'blog.', undefined]) {
    expect(() => readEnvironment(wrong, {})).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  }
})

test('a new environment has a name by the rules, told before anything else is done', async () => {
  for (const name of ['blog.live', 'my-blog.prod', 'a.pr42']) expect(readNewEnvironment(name, {}).text).toBe(name)
  expect(() => readNewEnvironment('My Blog.live', {})).toThrow(
    expect.objectContaining({ hint: 'Use "my-blog.live", for example' }),
  )
  for (const wrong of ['blog.Live', 'blog.a-b', 'blog.abcdefghijkl', 'my.blog.live', 'blog-.live']) {
    expect(() => readNewEnvironment(wrong, {}), wrong).toThrow(expect.objectContaining({ code: 'SITE_NAME_INVALID' }))
    const attached = await run(['site:attach', wrong, '--path=/w'], { env: { CAIRN_URL: 'http://127.0.0.1:9' } })
    expect([attached.exit, attached.err], wrong).toEqual([2, expect.stringContaining('SITE_NAME_INVALID')])
  }
})

test('times take a unit', () => {
  expect(['90', '30m', '2h', '7d'].map((text) => readSeconds(text, 'x'))).toEqual([90, 1800, 7200, 604_800])
  for (const wrong of ['', '0', '-1', '1w', '1.5h']) expect(() => readSeconds(wrong, 'x')).toThrow(/Cannot use/)
})
