import { expect, test } from 'vitest'
import { safePath } from './safePath.ts'

test('nothing is advised that an attached site, or one without test, cannot do', () => {
  expect(safePath({ isManaged: true, hasTest: true })).toEqual({ says: expect.stringMatching(/deploy.*clone/), byTest: true })
  const attached = safePath({ isManaged: false, hasTest: true })
  expect(attached).toEqual({ says: expect.stringContaining('restore to test'), byTest: true })
  const alone = safePath({ isManaged: false, hasTest: false })
  expect(alone).toEqual({ says: expect.stringContaining('Undo'), byTest: false })
  for (const { says } of [attached, alone]) expect(says).not.toMatch(/deploy|clone/)
})
