import { expect, test } from 'vitest'
import { checkPassword, hashPassword, requirePassword } from './passwords.ts'

const password = 'a long enough password'

test('a password of twelve characters is taken, whatever they are; one of eleven is not', () => {
  for (const good of ['aaaaaaaaaaaa', 'vier kurze w', '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂'])
    expect(() => requirePassword(good)).not.toThrow()
  for (const short of ['', 'aaaaaaaaaaa', '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂'])
    expect(() => requirePassword(short)).toThrow(expect.objectContaining({ code: 'PASSWORD_REFUSED' }))
})

test('the right password is told from others, however its letters are composed', async () => {
  const stored = await hashPassword('pässword of length')
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await checkPassword('pässword of length'.normalize('NFD'), stored)).toEqual({ matches: true, renew: false })
  expect(await checkPassword('password of length', stored)).toMatchObject({ matches: false })
  expect(await hashPassword('pässword of length')).not.toBe(stored)
})

test('one that was hashed with weaker parameters is good, and is to be hashed again', async () => {
  const { hash } = await import('@node-rs/argon2')
  const weak = await hash(password, { memoryCost: 8192, timeCost: 1 })
  expect(await checkPassword(password, weak)).toEqual({ matches: true, renew: true })
})

test('an account that is not there takes as long as a wrong password', async () => {
  const stored = await hashPassword(password)
  await checkPassword(password, null) // makes what it compares with
  const fastest = async (against: string | null): Promise<number> => {
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      const begun = performance.now()
      expect((await checkPassword('wrong', against)).matches).toBe(false)
      times.push(performance.now() - begun)
    }
    return Math.min(...times)
  }
  const [known, unknown] = [await fastest(stored), await fastest(null)]
  expect(unknown).toBeGreaterThan(known / 4)
})

test('the server goes on answering while passwords are hashed', async () => {
  let turns = 0
  let done = false
  const turn = (): void => {
    turns += 1
    if (!done) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(Array.from({ length: 4 }, () => hashPassword(password)))
  done = true
  expect(turns).toBeGreaterThan(20)
})

test('a flood of unknown browsers is refused from some length on, and a known one goes before all of them', async () => {
  const { hash } = await import('@node-rs/argon2')
  const stored = await hash(password, { memoryCost: 512, timeCost: 1 }) // quick to compare with
  const ends: string[] = []
  const flood = Array.from({ length: 210 }, () =>
    checkPassword('wrong', stored, { isUnknown: true }).then(() => ends.push('unknown')),
  )
  const one = checkPassword(password, stored).then(({ matches }) => ends.push(`known ${matches}`))
  const settled = await Promise.allSettled(flood)
  await one
  const refused = settled.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []))
  expect(refused).toHaveLength(8) // two are computed and 200 wait
  for (const reason of refused) expect(reason).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  expect(ends.indexOf('known true')).toBeLessThan(20) // behind those that were at work, and whose answers were on their way
})
