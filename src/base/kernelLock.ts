import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { isErrno } from './failure.ts'

export interface KernelLock {
  release(): Promise<void>
}

/**
 * A lock that the kernel drops with the process, whatever ends it: an abstract unix socket, bound by one process at a time.
 * A stopped (SIGSTOP) process keeps it. It holds within one network namespace, and children do not inherit it.
 *
 * @returns null while another holder has the lock, in this process or in another
 */
export function takeKernelLock(name: string): Promise<KernelLock | null> {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (isErrno(error, 'EADDRINUSE') ? resolve(null) : reject(error)))
    server.listen({ path: `\0cairn-${hash}`, exclusive: true }, () => {
      server.unref()
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}
