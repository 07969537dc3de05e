import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { childEnd, startChild } from '../../../base/spawn.ts'
import { replaceInValue } from './replaceInValue.ts'
import { makeReplacer } from './replacer.ts'

const generator = join(import.meta.dirname, '../../../../test/database/phpValues.php')
const soak = process.env['CAIRN_SOAK']
const values = soak === undefined ? 500 : Math.max(10_000, Number(soak))
const seed = Number(process.env['CAIRN_SEED'] ?? 4)

const replacer = makeReplacer({
  pairs: [
    { from: 'https://old.example.com', to: 'https://new.site.test:8443/sub' },
    { from: 'https://old.example.com/blog', to: 'https://blog.site.test' },
  ],
  directories: [{ from: '/var/www/old', to: '/srv/sites/new' }],
})

test(`${values} values, nested five deep, become what PHP makes of them, and PHP reads them`, async () => {
  const child = startChild('php', [generator, String(seed), String(values)], { stdio: ['pipe', 'pipe', 'pipe'] })
  const end = childEnd(child)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const answers: string[] = []
  const wrong: { number: number; before: string; wanted: string; got: string }[] = []
  let changed = 0
  if (child.stdout === null) throw new Error('PHP has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '') break
    const [before = Buffer.alloc(0), wanted = Buffer.alloc(0)] = line.split(' ').map((part) => Buffer.from(part, 'base64'))
    const { value, count } = replaceInValue(before, replacer)
    if (count > 0) changed += 1
    if (!value.equals(wanted) && wrong.length < 3) {
      wrong.push({
        number: answers.length,
        before: before.toString('latin1'),
        wanted: wanted.toString('latin1'),
        got: value.toString('latin1'),
      })
    }
    if (!replaceInValue(value, replacer).value.equals(value))
      throw new Error(`A second run changes value ${answers.length} again`)
    answers.push(value.toString('base64'))
  }
  child.stdin?.end(answers.join('\n') + '\n')
  expect(wrong).toEqual([])
  expect({ ...(await end), stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(answers).toHaveLength(values)
  expect(changed).toBeGreaterThan(values * 0.7)
})
