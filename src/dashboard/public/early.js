// Asks for what every page, and the first one, will need while the dashboard is on its way: `api/early.ts` takes the answers.
{
  const ask = (path) => fetch(path, { headers: { accept: 'application/json' } }).catch(() => null)
  const paths = location.pathname === '/' ? ['/v1/session', '/v1/overview'] : ['/v1/session']
  globalThis.early = new Map(paths.map((path) => [path, ask(path)]))
}
