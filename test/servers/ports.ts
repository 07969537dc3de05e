import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

/**
 * A loopback port that was free a moment ago. Chosen at random below those that the kernel gives to outgoing connections: one of
 * these would take the place of a server that is down for a moment, as in tests that kill it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(18_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
