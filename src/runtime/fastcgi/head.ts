/** What a CGI program says before its body. */
export interface CgiHead {
  status: number
  headers: [string, string][]
}

const headMax = 64 << 10
const headersMax = 200

/** Belong to the connection, which is not PHP's; the last two would make other web servers send any file of the machine. */
const notPassedOn = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-accel-redirect',
  'x-sendfile',
])

/**
 * Collects bytes until the head is whole.
 *
 * @returns a function that gives null until then, and then the head with the bytes that came after it
 * @throws {Error} for a head of more than 64 KiB or one without any sense
 */
export function headReader(): (bytes: Buffer) => { head: CgiHead; rest: Buffer } | null {
  let held: Buffer = Buffer.alloc(0)
  return (bytes) => {
    held = Buffer.concat([held, bytes])
    const end = /\r?\n\r?\n/.exec(held.toString('latin1'))
    if (end === null && held.length > headMax) throw new Error('a head of more than 64 KiB')
    if (end === null) return null
    const head = parseHead(held.toString('latin1', 0, end.index))
    return { head, rest: held.subarray(end.index + end[0].length) }
  }
}

function parseHead(text: string): CgiHead {
  const headers: [string, string][] = []
  let status: number | null = null
  for (const line of text.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    const key = name.toLowerCase()
    // oxlint-disable-next-line no-control-regex -- Node refuses to send them
    if (key === '' || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) continue
    if (key === 'status') status = Number.parseInt(value, 10)
    else if (!notPassedOn.has(key)) headers.push([key, value])
  }
  status ??= headers.some(([name]) => name === 'location') ? 302 : 200
  if (!(status >= 200 && status <= 599)) throw new Error('no status that can be passed on')
  return { status, headers: headers.slice(0, headersMax) }
}
