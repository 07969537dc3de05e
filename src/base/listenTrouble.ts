import { isErrno } from './failure.ts'
import { thisUser } from './pathTrouble.ts'

/** Why nobody can listen at an address, as the end of a sentence; null for an error that is no matter of the address. */
export function listenTrouble(error: unknown): string | null {
  if (isErrno(error, 'EADDRINUSE')) return 'another program listens there'
  if (isErrno(error, 'EACCES')) return `${thisUser()} may not use this port`
  if (isErrno(error, 'EADDRNOTAVAIL')) return 'this machine has no such address'
  return isErrno(error, 'ENOTFOUND', 'EAI_AGAIN') ? 'the name is not known' : null
}
