import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { makeProgram } from './program.ts'
import { systemTerminal } from './terminal.ts'
import { harness, run } from './testing.suite.ts'

const { serve, home } = harness()
const attach = ['site:attach', 'blog.dev', '--path=w']
const options = ['--db-password-file', '--admin-password-file', '--php-env-file']

test('a file that an option names is refused with the option, the path, what was found, and what to give; nothing is asked', async () => {
  const { env, seen } = await serve({})
  const HOME = home()
  const at = (name: string): string => join(HOME, name)
  mkdirSync(at('dir'))
  writeFileSync(at('empty'), '')
  writeFileSync(at('huge'), Buffer.alloc(2 << 20))
  symlinkSync('loop', at('loop'))
  const wrong: [string, string][] = [
    ['none', `"${at('none')}" does not exist`],
    ['dir', `"${at('dir')}" is a directory`],
    ['empty/x', `"${at('empty/x')}" leads over something that is not a directory`],
    ['loop', `"${at('loop')}" is a link that goes round`],
    ['empty', `"${at('empty')}" is empty`],
    ['huge', `"${at('huge')}" is larger than 1 MB`],
    ['', 'no file was named'],
    ['-', 'nothing came on stdin'],
  ]
  for (const option of options) {
    for (const [given, found] of wrong) {
      const refused = await run([...attach, '--admin-user=a', `${option}=${given}`], { env: { ...env, HOME } })
      expect(refused, `${option}=${given}`).toMatchObject({ exit: 2, out: '' })
      expect(refused.err).toContain(`cairn: Cannot use ${option}: ${found} (INPUT_INVALID)\n`)
      expect(refused.err).toContain(`Give ${option} a file that holds `)
    }
  }
  expect(seen).toEqual([])
})

test('a wrong line of the variables is told with its option; a password without its account is refused', async () => {
  const { env } = await serve({})
  const HOME = home()
  writeFileSync(join(HOME, 'env'), 'A=1\nhush hush\n')
  const lines = await run([...attach, '--php-env-file=env'], { env: { ...env, HOME } })
  expect([lines.exit, lines.err]).toEqual([2, expect.stringMatching(/^(?!.*hush).*--php-env-file: line 2/s)])
  const alone = await run([...attach, '--admin-password-file=env'], { env: { ...env, HOME } })
  expect([alone.exit, alone.err]).toEqual([2, expect.stringContaining('Add --admin-user=NAME')])
})

// nodejs/node reads `--env-file` out of any command line, behind the program too: NODE_OPTIONS of such a file would be obeyed
test('no option has a name that Node itself obeys', () => {
  const program: CommandUnknownOpts = makeProgram(
    async () => {},
    {},
    () => {},
    systemTerminal(),
  )
  const names = [program, ...program.commands].flatMap((command) => command.options.map(({ long }) => long))
  expect(names).toContain('--php-env-file')
  expect(names.filter((name) => name?.startsWith('--env-file'))).toEqual([])
})

test('--to is refused before the server is asked when nothing can be saved there', async () => {
  const { env, seen } = await serve({})
  const HOME = home()
  writeFileSync(join(HOME, 'file'), '')
  const wrong: [string, string][] = [
    ['none/', `the directory "${join(HOME, 'none')}" does not exist`],
    ['none/x.sql.gz', `the directory "${join(HOME, 'none')}" does not exist`],
    ['file/x.sql.gz', `the directory "${join(HOME, 'file')}" is not a directory`],
    ['', '--to names nothing'],
  ]
  for (const argv of [
    ['backup:get', 'blog.dev', '--element=db'],
    ['repository:key', 'export'],
  ]) {
    for (const [to, found] of wrong) {
      const refused = await run([...argv, `--to=${to}`], { env: { ...env, HOME } })
      expect([refused.exit, refused.err], to).toEqual([2, expect.stringContaining(found)])
    }
  }
  expect(seen).toEqual([])
})
