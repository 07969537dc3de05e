import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'

/**
 * The directory for a socket, made open to pass. The kernel allows 107 bytes for a socket's path: where `wanted` is too long,
 * one below the temporary directory, the same at each start.
 *
 * @throws {Failure} RUNTIME_OFF when somebody else made that one
 */
export function socketDirectory(wanted: string, socketName: string): string {
  const path = Buffer.byteLength(join(wanted, socketName)) <= 103 ? wanted : besideOthers(wanted)
  mkdirSync(path, { recursive: true, mode: 0o711 })
  const stat = lstatSync(path)
  if (path !== wanted && (!stat.isDirectory() || stat.uid !== process.getuid?.()))
    throw new Failure('RUNTIME_OFF', `Cannot use "${path}" for a socket: it belongs to somebody else`, {
      hint: 'Keep the data directory under a shorter path (CAIRN_DATA)',
      retry: 'after-repair',
    })
  return path
}

function besideOthers(wanted: string): string {
  return join(tmpdir(), `cairn-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`)
}
