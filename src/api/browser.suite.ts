// What a browser does with cookies and origins, in little.

export interface Answered {
  status: number
  headers: Headers
  body: Record<string, unknown>
  text: string
}

export interface Browser {
  cookies: Map<string, string>
  /** The whole `Set-Cookie` lines of the last answer */
  set: string[]
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
}

/** Sends as a page of the server itself does; `headers` say otherwise. */
export function openBrowser(url: string): Browser {
  const browser: Browser = {
    cookies: new Map(),
    set: [],
    async call(method, path, body, headers = { origin: url }) {
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          'user-agent': 'A browser',
          ...(cookie === '' ? {} : { cookie }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      browser.set = answer.headers.getSetCookie()
      for (const line of browser.set) keep(browser.cookies, line)
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, text, body: text === '' ? {} : JSON.parse(text) }
    },
  }
  return browser
}

function keep(cookies: Map<string, string>, line: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (value === '') cookies.delete(name)
  else cookies.set(name, value)
}
