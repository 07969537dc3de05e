import { get, request } from 'node:http'

export interface Page {
  status: number
  location: string | null
  /** Bytes as characters, latin1 */
  text: string
  /** As a browser would send them back */
  cookies: string
}

interface Visit {
  cookies?: string
  /** Fields of a form, sent by POST */
  form?: Record<string, string>
}

/** A visitor of a managed site: names below `localhost` need no name server. Redirects are not followed. */
export function visit(url: string, { cookies = '', form }: Visit = {}): Promise<Page> {
  const { hostname, host, port, pathname, search } = new URL(url)
  if (!hostname.endsWith('.localhost')) throw new Error(`${url} is no address of a gateway`)
  const body = form === undefined ? null : new URLSearchParams(form).toString()
  const headers = {
    host,
    ...(cookies === '' ? {} : { cookie: cookies }),
    ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
  }
  const options = { host: '127.0.0.1', port, path: pathname + search, headers }
  return new Promise((resolve, reject) => {
    const asked = body === null ? get(options) : request({ ...options, method: 'POST' }).end(body)
    asked.on('error', reject).on('response', (answer) => {
      let text = ''
      answer.setEncoding('latin1').on('data', (part: string) => (text += part))
      answer.on('error', reject).on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location ?? null,
          text,
          cookies: (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; '),
        }),
      )
    })
  })
}
