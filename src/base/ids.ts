import { randomBytes } from 'node:crypto'
import { Failure } from './failure.ts'

declare const brand: unique symbol
/** A string that only its own parse function may make. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

export type Ulid = Brand<string, 'Ulid'>

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
let lastTime = 0
let lastRandom = 0n

/** 26 characters, 48 bits of time and 80 of chance; ids made in one process sort in the order in which they were made. */
export function newUlid(now: number = Date.now()): Ulid {
  if (now <= lastTime) {
    lastRandom += 1n
  } else {
    lastTime = now
    lastRandom = BigInt(`0x${randomBytes(10).toString('hex')}`) >> 1n
  }
  let value = (BigInt(lastTime) << 80n) | lastRandom
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = alphabet.charAt(Number(value & 31n)) + text
    value >>= 5n
  }
  return text as Ulid
}

/** When an id was made. */
export function timeOfUlid(id: Ulid): Date {
  return new Date([...id.slice(0, 10)].reduce((time, letter) => time * 32 + alphabet.indexOf(letter), 0))
}

export function parseUlid(text: string): Ulid {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)) {
    throw new Failure('INPUT_INVALID', `Cannot read id "${text}": an id has 26 letters and digits`)
  }
  return text as Ulid
}
