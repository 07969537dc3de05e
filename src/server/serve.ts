import { flushCompileCache } from 'node:module'
import type { Configuration } from './configuration.ts'
import { openLog } from './log.ts'
import { startServer } from './startServer.ts'

/** Runs a server until SIGTERM or SIGINT; a second signal ends it at once, as a crash would. */
export async function serve(configuration: Configuration): Promise<void> {
  const log = openLog(configuration)
  const stopping = Promise.withResolvers<void>()
  const ask = (signal: NodeJS.Signals): void => {
    log.info(`stopping at ${signal}`)
    stopping.resolve()
    process.once(signal, () => process.exit(130))
  }
  process.once('SIGTERM', ask)
  process.once('SIGINT', ask)
  const server = await startServer(configuration, log, (error) => stopping.reject(error))
  flushCompileCache() // Node does it at the end of a process: one that is killed would compile everything again
  try {
    await stopping.promise
  } finally {
    await server.stop()
    log.info('stopped')
  }
}
