import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { basename } from 'node:path'
import type { UploadView } from '../../../src/contract/uploadSchemas.ts'
import type { Cairn } from '../cairn.ts'

export interface Page {
  status: number
  text: string
  location: string | null
}

/** As a visitor: names below `localhost` need no name server. @param port of another server than the address names */
export function visit(url: string, port?: number): Promise<Page> {
  const { host, port: own, pathname, search } = new URL(url)
  const signal = AbortSignal.timeout(60_000) // rather a failure that names the page than a test that hangs
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: port ?? own, path: pathname + search, agent: false, headers: { host }, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, location: answer.headers.location ?? null }))
      answer.on('error', reject)
    }).on('error', reject)
  })
}

/** Brings a small file to the server in one piece, as tus says. @returns the id of the upload */
export async function upload({ client, env }: Cairn, path: string): Promise<string> {
  const bytes = readFileSync(path)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const url = `${env['CAIRN_URL']}/v1/uploads`
  const common = { ...client.authorization(), 'tus-resumable': '1.0.0' }
  const made = await fetch(url, {
    method: 'POST',
    headers: {
      ...common,
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${base64(basename(path))},sha256 ${base64(sha256)}`,
    },
  })
  const address = new URL(made.headers.get('location') ?? '', url)
  const sent = await fetch(address, {
    method: 'PATCH',
    headers: { ...common, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: bytes,
  })
  const { id, state } = await client.get<UploadView>(address.pathname)
  if (sent.status !== 204 || state !== 'ready') throw new Error(`the upload of ${path} is ${state}: ${await sent.text()}`)
  return id
}
