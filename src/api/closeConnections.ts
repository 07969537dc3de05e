import type { Socket } from 'node:net'
import type { Api } from './server.ts'

/**
 * Lets a server that closes wait for requests that were asked, and for nothing else. Browsers and HTTP libraries open some
 * connections ahead of need; to Node they are not idle, and it would wait a minute for the request that each may still send. It
 * would wait as long for another one on a connection whose answer goes out meanwhile.
 */
export function closeConnections(app: Pick<Api, 'server' | 'addHook'>): void {
  const open = new Set<Socket>()
  let isClosing = false
  app.server.on('connection', (socket) => {
    if (isClosing) return void socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.server.on('request', ({ socket }, response) => {
    response.once('finish', () => {
      if (isClosing) socket.destroySoon()
    })
  })
  app.addHook('preClose', async () => {
    isClosing = true
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  })
}
