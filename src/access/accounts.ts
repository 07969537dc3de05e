import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import type { StateTables } from '../state/tables.ts'
import { newDevice, readDevice } from './devices.ts'
import { dropCodes, type FoundCode, findCode, makeCode, type OneTimeCode, takeCode } from './oneTimeCodes.ts'
import { checkPassword, hashPassword, requirePassword } from './passwords.ts'
import { changePerson, findOwner, findPerson, type Person } from './people.ts'
import { endSessions } from './sessions.ts'
import type { Throttle } from './throttle.ts'
import { revokeTokens as revokeTokensOf } from './tokens.ts'

export interface LogIn {
  email: string
  password: string
  address: string
  /** The mark that the browser got when it was logged in before; '' without one */
  device: string
}

/**
 * Who logs in with a password. An account that is not there takes as long and is refused in the same words.
 *
 * @returns also the mark by which the browser is known from now on
 * @throws {Failure} LOGIN_REFUSED, TOO_MANY_REQUESTS
 */
export async function logIn(
  db: Kysely<StateTables>,
  throttle: Throttle,
  { email, password, address, device }: LogIn,
): Promise<{ person: Person; device: string }> {
  const account = email.trim().normalize('NFKC').toLowerCase()
  const find = () => db.selectFrom('person').selectAll().where('email', '=', account).executeTakeFirst()
  const known = await readDevice(db, device, (await find()) ?? nobody)
  const person = await throttle.run({ account, address, device: known }, async () => {
    const found = await find()
    const { matches, renew } = await checkPassword(password, found?.password ?? null, { isUnknown: known === null })
    if (!matches || found === undefined) return null
    if (renew)
      await db
        .updateTable('person')
        .set({ password: await hashPassword(password) })
        .where('id', '=', found.id)
        .execute()
    return found
  })
  if (person === null) {
    throw new Failure('LOGIN_REFUSED', 'Cannot log in: the e-mail address or the password is wrong', {
      hint: 'An administrator can make a link that lets you choose a new password',
    })
  }
  return { person, device: await newDevice(db, person) }
}

/** Nobody has chosen a password yet: the first account is to be made. */
export async function isSetUpNeeded(db: Kysely<StateTables>): Promise<boolean> {
  const found = await db.selectFrom('person').select('id').where('password', 'is not', null).executeTakeFirst()
  return found === undefined
}

/** The code with which the owner takes possession; null once somebody has a password. The one before ends. */
export async function makeSetUpCode(db: Kysely<StateTables>): Promise<OneTimeCode | null> {
  const owner = await findOwner(db)
  return owner !== null && (await isSetUpNeeded(db)) ? makeCode(db, 'setup', owner.id) : null
}

/**
 * Changes one's own password: the other sessions end, and so do links to choose one. Machine tokens end where that is asked for.
 *
 * @throws {Failure} LOGIN_REFUSED when the current one is wrong, PASSWORD_REFUSED, TOO_MANY_REQUESTS
 */
export async function changePassword(
  db: Kysely<StateTables>,
  throttle: Throttle,
  wanted: {
    personId: string
    current: string
    password: string
    address: string
    sessionId: string | null
    revokeTokens?: boolean
  },
): Promise<void> {
  const { personId, current, password, address, sessionId, revokeTokens = false } = wanted
  requirePassword(password)
  const person = await findPerson(db, personId)
  if (person.password !== null) {
    const attempt = { account: `password ${personId}`, address, device: null }
    const isRight = await throttle.run(attempt, async () =>
      (await checkPassword(current, person.password)).matches ? true : null,
    )
    if (isRight === null) throw new Failure('LOGIN_REFUSED', 'Cannot change the password: the current one is wrong')
  }
  await setPassword(db, personId, await hashPassword(password), { session: sessionId, tokens: !revokeTokens })
}

export interface Chosen {
  email?: string
  name?: string
  password?: string
  time_zone?: string | null
  revokeTokens?: boolean
}

/**
 * Uses a one-time code: sets the first account up, takes an invitation, chooses a new password, or only says who logs in. Whole or
 * not at all: what is refused leaves the code good.
 *
 * @throws {Failure} CODE_REFUSED, PASSWORD_REFUSED, INPUT_INVALID for what is missing, PERSON_TAKEN
 */
export async function spendCode(db: Kysely<StateTables>, code: string, chosen: Chosen): Promise<FoundCode> {
  const found = await findCode(db, code)
  const { id, purpose, person } = found
  if (purpose === 'login') {
    await takeCode(db, id)
    return found
  }
  const { email, name, password, time_zone, revokeTokens = false } = chosen
  if (password === undefined || (purpose === 'setup' && (email === undefined || name === undefined))) {
    const wanted = purpose === 'setup' ? 'an e-mail address, a name and a password' : 'a password'
    throw new Failure('INPUT_INVALID', `Cannot use this code: ${wanted} must come with it`)
  }
  requirePassword(password)
  const hashed = await hashPassword(password)
  await db.transaction().execute(async (work) => {
    await takeCode(work, id)
    const change = {
      ...(purpose === 'setup' && email !== undefined ? { email } : {}),
      ...(purpose !== 'reset' && name !== undefined ? { name } : {}),
      ...(time_zone === undefined ? {} : { time_zone }),
    }
    if (Object.keys(change).length > 0) await changePerson(work, person.id, change)
    await setPassword(work, person.id, hashed, { session: null, tokens: !revokeTokens })
  })
  return { ...found, person: await findPerson(db, person.id) }
}

async function setPassword(
  db: Kysely<StateTables>,
  personId: string,
  hashed: string,
  keep: { session: string | null; tokens: boolean },
): Promise<void> {
  await db.updateTable('person').set({ password: hashed, password_at: new Date() }).where('id', '=', personId).execute()
  await endSessions(db, personId, keep.session)
  if (!keep.tokens) await revokeTokensOf(db, personId)
  await dropCodes(db, personId)
}

const nobody = { id: '', password_at: null }
