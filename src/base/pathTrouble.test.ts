import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pathTrouble, thisUser } from './pathTrouble.ts'

const errno = (code: string) => Object.assign(new Error(`${code}: raw`), { code })

test('a refusal says what was refused, and to whom', () => {
  expect(pathTrouble(errno('EACCES'), 'read')).toBe(`may not be read by ${thisUser()}`)
  expect(pathTrouble(errno('EPERM'), 'written')).toBe(`may not be written by ${thisUser()}`)
  expect(thisUser()).toContain(`uid ${process.getuid?.()}`)
})

test('what stands at a path is told in words; what is no matter of the path stays as it is', () => {
  const opened = (path: string): unknown => {
    try {
      return readFileSync(path)
    } catch (error) {
      return error
    }
  }
  expect(pathTrouble(opened('/none'), 'read')).toBe('does not exist')
  expect(pathTrouble(opened('/'), 'read')).toBe('is a directory')
  expect(pathTrouble(errno('EMFILE'), 'read')).toBeNull()
  expect(pathTrouble(new TypeError('ours'), 'read')).toBeNull()
})
