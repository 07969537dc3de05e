import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface BadLine {
  /** The server at the other end, by this line */
  url: string
  /** Lets so many bytes more go up and then no other until it is cut; resolves once they went. Sockets take more than they send on */
  holdAfter(bytes: number): Promise<void>
  /** Cuts what goes on, and takes nothing new for so long */
  cut(forMs: number): Promise<void>
  close(): void
}

/** A line to a server that can stand still and can be cut, as lines of people are. */
export async function layBadLine(target: string): Promise<BadLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  let left = Number.POSITIVE_INFINITY
  let held = Promise.withResolvers<void>()
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
      left -= bytes.length
      if (left > 0) return
      client.pause()
      held.resolve()
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holdAfter(bytes) {
      left = bytes
      held = Promise.withResolvers()
      return held.promise
    },
    async cut(forMs) {
      isCut = true
      left = Number.POSITIVE_INFINITY
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
