import { connect, createServer, type Server } from 'node:net'

/** A unix socket passes the wall around the network: this process takes what comes there on to the database server. */
export function startRelay(socket: string, { host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(port, host)
    for (const end of [near, far]) end.on('error', () => (near.destroy(), far.destroy()))
    near.pipe(far).pipe(near)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: socket, writableAll: true }, () => resolve(server))
  })
}
