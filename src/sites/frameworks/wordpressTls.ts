import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsMode } from '../../contract/words.ts'
import { type PhpValue, Unknown } from '../php/values.ts'

/** Of PHP's extension mysqli, for configurations that compute with them. */
export const clientFlags = {
  MYSQLI_CLIENT_SSL: 2048,
  MYSQL_CLIENT_SSL: 2048,
  MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT: 64,
  MYSQLI_CLIENT_COMPRESS: 32,
  MYSQL_CLIENT_COMPRESS: 32,
}

/** WordPress hands MYSQL_CLIENT_FLAGS to mysqli, which verifies unless told not to. DB_SSL is read by drop-ins only. */
export function tlsOfWordPress(
  constants: ReadonlyMap<string, PhpValue>,
  contentDirectory: string,
  notes: string[],
): TlsMode | null {
  const flags = constants.get('MYSQL_CLIENT_FLAGS')
  if (typeof flags === 'number' && (flags & clientFlags.MYSQLI_CLIENT_SSL) !== 0) {
    return (flags & clientFlags.MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT) === 0 ? 'verified' : 'required'
  }
  if (flags instanceof Unknown) notes.push(`Whether the database is reached with TLS is not known: ${flags.reason}`)
  const isDropIn = constants.get('DB_SSL') === true && existsSync(join(contentDirectory, 'db.php'))
  return isDropIn ? 'required' : null
}
