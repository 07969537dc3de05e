import { hash, verify } from '@node-rs/argon2'
import { Failure } from '../base/failure.ts'

const lengthMin = 12
/** What OWASP asks at least of Argon2id: 19 MiB, two passes, one lane. */
const argon2id = 2 // the library's own name is a const enum, which is not there at run time
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const notation = '$argon2id$v=19$m=19456,t=2,p=1$'
/** Each takes a thread of the pool that files and name look-ups need too, and its memory */
const atOnce = 2
/** About six seconds' worth: who floods the log-in from many addresses shall not make everybody wait for hours */
const waitingMax = 200

/**
 * Only the length counts; a sentence is a good password.
 *
 * @throws {Failure} PASSWORD_REFUSED
 */
export function requirePassword(password: string): void {
  const length = [...password.normalize('NFKC')].length
  if (length >= lengthMin) return
  throw new Failure('PASSWORD_REFUSED', `Cannot use this password: it has ${length} characters, ${lengthMin} are the least`, {
    hint: 'A few words with spaces between them are easy to keep in mind and hard to guess',
  })
}

/** In the notation that holds parameters and salt. Computed in a thread: the server goes on answering meanwhile. */
export async function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), parameters))
}

/**
 * Whether it is the password. Without one to compare with it takes as long and says no, so that the time does not tell which
 * accounts there are.
 *
 * @param isUnknown for who may be anybody: after everybody else, and only so many of them wait
 * @returns `renew` when it was hashed with other parameters than those of today
 * @throws {Failure} TOO_MANY_REQUESTS
 */
export async function checkPassword(
  password: string,
  stored: string | null,
  { isUnknown = false } = {},
): Promise<{ matches: boolean; renew: boolean }> {
  const against = stored ?? (await (dummy ??= hashPassword('nobody has this password')))
  const matches = await inTurn(() => verify(against, password.normalize('NFKC')), isUnknown ? unknown : known)
  return { matches: matches && stored !== null, renew: !against.startsWith(notation) }
}

let dummy: Promise<string> | undefined
let running = 0
const known: (() => void)[] = []
const unknown: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>, waiting = known): Promise<T> {
  if (waiting === unknown && waiting.length >= waitingMax) {
    throw new Failure('TOO_MANY_REQUESTS', `Cannot log in now: ${waitingMax} attempts from other browsers are waiting`, {
      hint: 'Try again in some seconds; a browser that you were logged in with before is let in first',
      retry: 'later',
    })
  }
  if (running < atOnce) running += 1
  else await new Promise<void>((resolve) => void waiting.push(resolve)) // takes over the place of who ends
  try {
    return await work()
  } finally {
    const next = known.shift() ?? unknown.shift()
    if (next === undefined) running -= 1
    else next()
  }
}
