import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { run } from './testing.suite.ts'

/** What bash offers at the end of a line, with the colon a break between words, as it is by default */
function offered(script: string, line: string): string[] {
  const drive = `${script}\nCOMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}; _cairn; printf '%s\\n' "\${COMPREPLY[@]}"`
  const child = spawnSync('bash', ['--norc', '-c', drive, 'bash', line], { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  return child.stdout.split('\n').filter((word) => word !== '')
}

test('bash offers commands, after a colon only what follows it, and the options of the command', async () => {
  const { out, exit } = await run(['completion', 'bash'])
  expect(exit).toBe(0)
  expect(offered(out, 'cairn site:a')).toEqual(['attach'])
  expect(offered(out, 'cairn comp')).toEqual(['completion'])
  expect(offered(out, 'cairn backup:get blog.dev --to')).toEqual(['--to'])
  expect(offered(out, 'cairn backup:get blog.dev --el')).toEqual(['--element'])
  expect(offered(out, 'cairn backup:get blog.dev --form')).toEqual(['--format'])
})

test('zsh and fish have scripts too; another shell is refused', async () => {
  expect((await run(['completion', 'zsh'])).out).toMatch(/^#compdef cairn\n[^]*'backup\\:create:Take a backup/)
  expect((await run(['completion', 'fish'])).out).toContain("-a 'backup:create'")
  expect((await run(['completion', 'tcsh'])).exit).toBe(2)
})
