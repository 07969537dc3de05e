import { closeSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Failure } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'
import type { Terminal } from './terminal.ts'

/** A password or a list of variables; what is larger is another file than was meant */
const sizeMax = 1 << 20

export interface NamedFile {
  /** As it is written on the command line, such as `--db-password-file` */
  option: string
  /** What was given: a path, or "-" for stdin */
  given: string
  /** What it should hold: `the password of the database account` */
  holds: string
  /** What to do when it is empty, where that can be meant */
  ifEmpty?: string
}

/**
 * The text of a small file that an option names. A pipe is read too (`--db-password-file=<(pass show blog)`).
 *
 * @throws {Failure} INPUT_INVALID with the option, the path, what was found there and what to give instead
 */
export async function readNamedFile({ cwd, stdin }: Pick<Terminal, 'cwd' | 'stdin'>, file: NamedFile): Promise<string> {
  const { option, given } = file
  if (given === '') throw refused(file, 'no file was named')
  const path = resolve(cwd, given)
  const found = given === '-' ? await text(stdin) : read(path, file)
  if (found !== '') return found
  const empty = given === '-' ? 'nothing came on stdin' : `"${path}" is empty`
  const hint = file.ifEmpty === undefined ? wanted(file) : `${wanted(file)}. ${file.ifEmpty}`
  throw new Failure('INPUT_INVALID', `Cannot use ${option}: ${empty}`, { hint })
}

function read(path: string, file: NamedFile): string {
  const bytes = Buffer.alloc(sizeMax + 1)
  let done = 0
  try {
    const fd = openSync(path, 'r')
    try {
      for (let got = -1; got !== 0 && done < bytes.length; done += got) got = readSync(fd, bytes, done, bytes.length - done, null)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    const trouble = pathTrouble(cause, 'read')
    if (trouble === null) throw cause
    throw refused(file, `"${path}" ${trouble}`, cause)
  }
  if (done <= sizeMax) return bytes.toString('utf8', 0, done)
  throw refused(file, `"${path}" is larger than 1 MB`)
}

function refused(file: NamedFile, found: string, cause?: unknown): Failure {
  return new Failure('INPUT_INVALID', `Cannot use ${file.option}: ${found}`, {
    hint: wanted(file),
    ...(cause === undefined ? {} : { cause }),
  })
}

const wanted = ({ option, holds }: NamedFile): string => `Give ${option} a file that holds ${holds}, or "-" and the same on stdin`
