import { startPrivateMariadb } from './privateMariadb.ts'

/** Starts the private server in a process that a test can kill. */
const server = await startPrivateMariadb({ directory: process.argv[2] ?? '', log: () => {} })
process.stdout.write(`${JSON.stringify({ pid: server.pid, port: server.port })}\n`)
setInterval(() => {}, 60_000)
