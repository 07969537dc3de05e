import { resolve } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { Given } from '../contract/managedSchemas.ts'
import type { Context } from './context.ts'
import { type FileRole, type GivenFile, lookAtFile } from './givenFile.ts'
import { readLine } from './terminal.ts'
import { uploadFile } from './upload.ts'

/** How help words an argument that `lookAtGiven` reads */
export const givenText =
  'a file, which is uploaded, or an http(s) address, which the server fetches; "-" reads an address from stdin'

/** What a command was given, looked at and not sent yet */
export type Looked<K extends FileRole> = Partial<Record<K, { url: string } | { file: GivenFile }>>

/**
 * Files and addresses that a command was given: a file is opened and looked at, an address goes to the server as it is. An
 * address may hold a signature, and arguments are seen by everybody on the machine: with "-" it comes on stdin.
 *
 * @throws {Failure} INPUT_INVALID, ARCHIVE_REFUSED; nothing has been sent
 */
export async function lookAtGiven<K extends FileRole>(
  context: Context,
  texts: Partial<Record<K, string | undefined>>,
): Promise<Looked<K>> {
  const asked = Object.entries(texts) as [K, string | undefined][]
  if (asked.filter(([, text]) => text === '-').length > 1) {
    throw new Failure('INPUT_INVALID', 'Cannot read stdin twice: only one of the addresses can be "-"', {
      hint: 'Give the others as files, or as addresses in the arguments',
    })
  }
  const looked: Looked<K> = {}
  for (const [role, text] of asked) if (text !== undefined) looked[role] = await lookAt(context, text, role)
  return looked
}

/** Uploads the files, in their order, and gives what the server is told. */
export async function sendGiven<K extends FileRole>(context: Context, looked: Looked<K>): Promise<Partial<Record<K, Given>>> {
  const given: Partial<Record<K, Given>> = {}
  for (const [role, one] of Object.entries(looked) as [K, { url: string } | { file: GivenFile }][]) {
    given[role] = 'url' in one ? one : { upload: await uploadFile(context, one.file) }
  }
  return given
}

/** Whether anything has to be uploaded: then it is worth asking first whether it would be taken. */
export function hasFiles(looked: Looked<FileRole>): boolean {
  return Object.values(looked).some((one) => 'file' in one)
}

async function lookAt({ terminal }: Context, text: string, role: FileRole): Promise<{ url: string } | { file: GivenFile }> {
  const said = text === '-' ? (await readLine(terminal.stdin)).trim() : text
  if (/^https?:\/\//i.test(said)) return { url: said }
  if (text === '-') {
    const found = said === '' ? 'nothing came' : 'it does not begin with http:// or https://'
    throw new Failure('INPUT_INVALID', `Cannot use what came on stdin as the address of ${role}: ${found}`, {
      hint: 'Send one line with an address, such as https://example.org/site.tar.gz; a file is named in the arguments',
    })
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(said) ?? []
  if (scheme !== undefined)
    throw new Failure('INPUT_INVALID', `Cannot fetch from a "${scheme}:" address: http or https is wanted`, {
      hint: 'Download it yourself, and give the file',
    })
  if (said === '') throw new Failure('INPUT_INVALID', `Cannot use "" as ${role}: a file or an address is wanted`)
  return { file: await lookAtFile(resolve(terminal.cwd, said), role) }
}
