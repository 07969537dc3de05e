import { PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readLine } from './terminal.ts'
import { clackAsker, Interrupted } from './ask.ts'

/** Asks with real prompts, and types when the question is there. */
async function answered<T>(ask: (asker: ReturnType<typeof clackAsker>) => Promise<T>, type: (input: PassThrough) => void) {
  const input = new PassThrough()
  const shown = Promise.withResolvers<void>()
  const output = new Writable({ write: (_part, _encoding, done) => (shown.resolve(), done()) })
  const answer = ask(clackAsker(output, input))
  answer.catch(() => {}) // told below
  await shown.promise
  await sleep(20)
  type(input)
  return answer
}

test('a yes is y; n and nothing are no', async () => {
  const confirm = (keys: string) =>
    answered(
      (asker) => asker.confirm('Go?'),
      (input) => input.write(keys),
    )
  expect([await confirm('y'), await confirm('n'), await confirm('\r')]).toEqual([true, false, false])
})

test('Ctrl-C, Ctrl-D, Escape and an input that ends leave every kind of question', async () => {
  const leave = [
    (input: PassThrough) => input.write('\u0003'),
    (input: PassThrough) => input.write('\u0004'),
    (input: PassThrough) => input.write('\u001b'),
    (input: PassThrough) => input.end(),
    (input: PassThrough) => input.destroy(),
  ]
  for (const type of leave) {
    await expect(answered((asker) => asker.confirm('Go?'), type)).rejects.toThrow(Interrupted)
    await expect(answered((asker) => asker.text('Name?'), type)).rejects.toThrow(Interrupted)
    await expect(answered((asker) => asker.password('Password?'), type)).rejects.toThrow(Interrupted)
  }
})

test('a line is read from a file that has no line end, and from nothing', async () => {
  const stdin = (text: string): Readable => Readable.from(text === '' ? [] : [text], { autoDestroy: false }) // as of a file: never closed
  expect(await readLine(stdin('secret'))).toBe('secret')
  expect(await readLine(stdin('one\r\ntwo\n'))).toBe('one')
  expect(await readLine(stdin(''))).toBe('')
})
