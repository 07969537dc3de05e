/** FastCGI 1.0, one request on each connection: https://fastcgi-archives.github.io/FastCGI_Specification.html */

export const recordType = { begin: 1, abort: 2, end: 3, params: 4, stdin: 5, stdout: 6, stderr: 7 } as const

const version = 1
const requestId = 1
const contentMax = 65_528 // a multiple of eight below the limit of 65,535: no padding
const headerBytes = 8

/**
 * BEGIN_REQUEST as a responder that closes the connection afterwards, and all of PARAMS with its end. Values are strings of bytes,
 * as Node gives headers: each character below 256.
 */
export function encodeStart(params: Record<string, string>): Buffer {
  const pairs = Buffer.concat(Object.entries(params).map(([name, value]) => encodePair(name, value)))
  const begin = record(recordType.begin, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]))
  return Buffer.concat([begin, ...stream(recordType.params, pairs), record(recordType.params, Buffer.alloc(0))])
}

/** A piece of the body; an empty one ends it. */
export function encodeBody(piece: Buffer): Buffer[] {
  return piece.length === 0 ? [record(recordType.stdin, piece)] : stream(recordType.stdin, piece)
}

interface FastCgiRecord {
  type: number
  content: Buffer
}

/**
 * Cuts what comes into records. The other side may be a hostile site's own program: whatever is not exactly what a responder
 * may say ends the conversation.
 *
 * @throws {Error} for a record of another version, of another request or of a type that is not for us
 */
export function recordReader(): (bytes: Buffer) => FastCgiRecord[] {
  let held: Buffer = Buffer.alloc(0)
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    const records: FastCgiRecord[] = []
    while (held.length >= headerBytes) {
      const [found = 0, type = 0] = held
      if (found !== version) throw new Error(`a record of version ${found}`)
      if (type !== recordType.stdout && type !== recordType.stderr && type !== recordType.end)
        throw new Error(`a record of type ${type}`)
      if (held.readUInt16BE(2) !== requestId) throw new Error('a record of another request')
      const contentLength = held.readUInt16BE(4)
      const length = headerBytes + contentLength + held.readUInt8(6)
      if (held.length < length) break
      records.push({ type, content: held.subarray(headerBytes, headerBytes + contentLength) })
      held = held.subarray(length)
    }
    return records
  }
}

function stream(type: number, bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let from = 0; from < bytes.length; from += contentMax) records.push(record(type, bytes.subarray(from, from + contentMax)))
  return records
}

function record(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(version, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(requestId, 2)
  header.writeUInt16BE(content.length, 4)
  return Buffer.concat([header, content])
}

function encodePair(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')]
  return Buffer.concat([encodeLength(nameBytes.length), encodeLength(valueBytes.length), nameBytes, valueBytes])
}

function encodeLength(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((length | 0x80_00_00_00) >>> 0)
  return bytes
}
