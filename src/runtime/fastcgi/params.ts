/** What a web server knows of a request. */
export interface CgiRequest {
  method: string
  /** As it was sent: an encoded path and a query */
  target: string
  /** With its port */
  host: string
  isHttps: boolean
  /** In the order in which they came; names as they were sent */
  headers: readonly (readonly [string, string])[]
  bodyBytes: number | null
  remoteAddress: string
  remotePort?: number
}

export interface CgiScript {
  /** The real path of what is served: all of one request is of one release */
  documentRoot: string
  /** Below the document root, with a slash before it */
  scriptName: string
  /** What stands behind the script in the address, '' for nothing */
  pathInfo: string
}

/** The parameters that PHP-FPM wants, as RFC 3875 and nginx name them, each value a string of bytes. */
export function cgiParams(request: CgiRequest, script: CgiScript): Record<string, string> {
  const { target, host } = request
  const [root, scriptName, pathInfo] = [script.documentRoot, script.scriptName, script.pathInfo].map(asBytes) as [
    string,
    string,
    string,
  ]
  const query = target.indexOf('?')
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? []
  return {
    ...headerParams(request.headers),
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_SOFTWARE: 'cairn',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: name,
    SERVER_PORT: port ?? (request.isHttps ? '443' : '80'),
    SERVER_ADDR: '127.0.0.1',
    REQUEST_SCHEME: request.isHttps ? 'https' : 'http',
    ...(request.isHttps ? { HTTPS: 'on' } : {}),
    REQUEST_METHOD: request.method,
    REQUEST_URI: target,
    QUERY_STRING: query === -1 ? '' : target.slice(query + 1),
    REMOTE_ADDR: request.remoteAddress,
    ...(request.remotePort === undefined ? {} : { REMOTE_PORT: String(request.remotePort) }),
    HTTP_HOST: host,
    CONTENT_LENGTH: request.bodyBytes === null ? '' : String(request.bodyBytes),
    DOCUMENT_ROOT: root,
    DOCUMENT_URI: scriptName + pathInfo,
    SCRIPT_NAME: scriptName,
    SCRIPT_FILENAME: root + scriptName,
    ...(pathInfo === '' ? {} : { PATH_INFO: pathInfo }),
    REDIRECT_STATUS: '200',
  }
}

/**
 * A header becomes HTTP_ and its name, so that none can pass for a parameter of ours. Left out: `Proxy`, which programs take for
 * HTTP_PROXY; names with an underscore, which would pass for the same name with a dash.
 */
function headerParams(headers: CgiRequest['headers']): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (!/^[a-z0-9-]+$/.test(key) || key === 'proxy' || key === 'content-length' || key === 'host') continue
    const param = key === 'content-type' ? 'CONTENT_TYPE' : `HTTP_${key.toUpperCase().replaceAll('-', '_')}`
    const before = params[param]
    params[param] = before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`
  }
  return { CONTENT_TYPE: '', ...params }
}

function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
