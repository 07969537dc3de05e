import { expect, test } from 'vitest'
import { readVariables } from './variables.ts'

test('variables come as a shell, a container or a PHP-FPM pool writes them', () => {
  const text = `# a comment
A=1
export B="two words"
C='$not expanded'
; of a pool
env[DB_PASSWORD] = "a=b"

D=
E="`
  expect(readVariables(text)).toEqual({ A: '1', B: 'two words', C: '$not expanded', DB_PASSWORD: 'a=b', D: '', E: '"' })
})

test('a line that is none is told by its number alone', () => {
  expect(() => readVariables('A=1\nhush hush')).toThrow(/^(?!.*hush).*line 2/)
})
