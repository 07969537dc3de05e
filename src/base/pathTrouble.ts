import { userInfo } from 'node:os'
import { isErrno } from './failure.ts'

const words: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'leads over something that is not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'is a link that goes round',
  ENAMETOOLONG: 'is too long a name',
  EROFS: 'is on a file system that is mounted read-only',
}

/**
 * What is wrong with a path that a person named, to be said behind the path: the words for an errno of opening it, and for a
 * refusal who was refused. Null for any other error, which is no matter of the path.
 */
export function pathTrouble(error: unknown, verb: 'read' | 'written'): string | null {
  if (isErrno(error, 'EACCES', 'EPERM')) return `may not be ${verb} by ${thisUser()}`
  return isErrno(error, ...Object.keys(words)) ? (words[String(error.code)] ?? null) : null
}

/** The user that this process runs as: the name with the uid, the uid alone where no account has it. */
export function thisUser(): string {
  const uid = process.getuid?.() ?? -1
  try {
    return `${userInfo().username} (uid ${uid})`
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return `the user with uid ${uid}` // node tells a missing account by an error of its own
  }
}
