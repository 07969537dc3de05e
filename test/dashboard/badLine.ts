import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface BadLine {
  /** The server at the other end, by this line */
  url: string
  /** How much may go up, bytes a second; null for all */
  limit(bytesPerSecond: number | null): void
  /** Cuts what goes on, and takes nothing new for so long */
  cut(forMs: number): Promise<void>
  close(): void
}

/** A line to a server that can be slow and can be cut, as lines of people are. */
export async function layBadLine(target: string): Promise<BadLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  let rate: number | null = null
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (bytes) => {
      upstream.write(bytes)
      if (rate === null) return
      client.pause()
      setTimeout(() => client.resume(), (bytes.length / rate) * 1000)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    limit: (bytesPerSecond) => (rate = bytesPerSecond),
    async cut(forMs) {
      isCut = true
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => void setTimeout(resolve, forMs))
      isCut = false
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
