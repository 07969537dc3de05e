import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { byteReader } from './byteReader.ts'
import { writeBytes } from '../base/writeBytes.ts'

interface CgiHead {
  status: number
  headers: OutgoingHttpHeaders
}

/**
 * Passes the answer of a CGI program on: first its head, then its body as it comes. When the client goes, the rest is read
 * and dropped, so that the program can come to its end.
 *
 * @returns false when there was no head
 */
export async function passAnswer(output: Readable, response: ServerResponse, onBytes: () => void): Promise<boolean> {
  const reader = byteReader(output)
  const head = await readHead(reader)
  if (head === null) return false
  response.writeHead(head.status, head.headers)
  for await (const piece of reader.rest()) {
    onBytes()
    if (await writeBytes(response, piece)) onBytes()
  }
  return true
}

async function readHead(reader: ReturnType<typeof byteReader>): Promise<CgiHead | null> {
  const headers: OutgoingHttpHeaders = {}
  let status = 200
  for (;;) {
    const line = (await reader.line())?.toString('latin1').replace(/\r$/, '')
    if (line === undefined) return null
    if (line === '') return { status, headers }
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
    else if (name !== '') headers[name] = value
  }
}
