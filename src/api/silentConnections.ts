import type { Socket } from 'node:net'
import type { Api } from './server.ts'

/**
 * Ends connections that never asked anything when the server closes. Browsers and HTTP libraries open some ahead of need; to
 * Node they are not idle, and it would wait a minute for the request that each may still send.
 */
export function endSilentConnections(app: Api): void {
  const open = new Set<Socket>()
  let isClosing = false
  app.server.on('connection', (socket) => {
    if (isClosing) return void socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('preClose', async () => {
    isClosing = true
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  })
}
