import { expect, test } from 'vitest'
import { runChild } from './spawn.ts'

test('a program that does not end is killed at its limit', async () => {
  const began = performance.now()
  await expect(runChild('sleep', ['60'], { limitMs: 200 })).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    message: 'Cannot run "sleep": it was killed, having not ended after 200 ms',
  })
  expect(performance.now() - began).toBeLessThan(30_000)
})

test('a program that ended, and left another one with its output, is not waited for behind the limit', async () => {
  const began = performance.now()
  expect(await runChild('sh', ['-c', 'echo done; sleep 40 & exit 0'], { limitMs: 300 })).toMatchObject({
    code: 0,
    stdout: 'done\n',
  })
  expect(performance.now() - began).toBeLessThan(30_000)
})

test('the last words of a program that fails are told', async () => {
  await expect(runChild('sh', ['-c', 'echo one >&2; echo two >&2; exit 3'])).rejects.toThrow('exit code 3, saying "two"')
})
