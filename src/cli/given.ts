import { resolve } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { Given } from '../contract/managedSchemas.ts'
import type { Context } from './context.ts'
import { readLine } from './terminal.ts'
import { uploadFile } from './upload.ts'

/** How help words an argument that `readGiven` reads */
export const givenText =
  'a file, which is uploaded, or an http(s) address, which the server fetches; "-" reads an address from stdin'

/**
 * Files and addresses that a command was given, in their order: an address goes to the server as it is, a file is uploaded. An
 * address may hold a signature, and arguments are seen by everybody on the machine: with "-" it comes on stdin.
 *
 * @throws {Failure} INPUT_INVALID
 */
export async function readGiven<K extends string>(
  context: Context,
  texts: Partial<Record<K, string | undefined>>,
): Promise<Partial<Record<K, Given>>> {
  const asked = Object.entries(texts) as [K, string | undefined][]
  if (asked.filter(([, text]) => text === '-').length > 1) {
    throw new Failure('INPUT_INVALID', 'Cannot read stdin twice: only one of the addresses can be "-"')
  }
  const given: Partial<Record<K, Given>> = {}
  for (const [name, text] of asked) if (text !== undefined) given[name] = await readOne(context, text)
  return given
}

async function readOne(context: Context, text: string): Promise<Given> {
  const { terminal } = context
  const said = text === '-' ? (await readLine(terminal.stdin)).trim() : text
  if (/^https?:\/\//i.test(said)) return { url: said }
  if (text === '-') {
    throw new Failure('INPUT_INVALID', 'Cannot use what came on stdin: an address that begins with http:// or https:// is wanted')
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(said) ?? []
  if (scheme !== undefined)
    throw new Failure('INPUT_INVALID', `Cannot fetch from a "${scheme}:" address: http or https is wanted`)
  return { upload: await uploadFile(context, resolve(terminal.cwd, said)) }
}
