import { randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'

/** Below the ports that the kernel hands out for outgoing connections: nobody takes one of these by accident. */
const lowest = 20_000
const highest = 32_000

/**
 * The port of the private server: drawn once and written down, because every release's configuration names it.
 *
 * @throws {Failure} MYSQL_HOME when somebody else has taken it
 */
export async function rememberedPort(file: string): Promise<number> {
  if (existsSync(file)) {
    const port = Number(readFileSync(file, 'utf8'))
    for (let tries = 0; tries < 50; tries++) {
      if (await isFree(port)) return port
      await sleep(200)
    }
    throw new Failure('MYSQL_HOME', `Cannot start MariaDB: another program listens on its port ${port} of 127.0.0.1`, {
      hint: 'End that program, or move it to another port',
      retry: 'after-repair',
    })
  }
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(lowest, highest)
    if (!(await isFree(port))) continue
    writeFileDurably(file, `${port}\n`, 0o644)
    return port
  }
  throw new Failure('MYSQL_HOME', `Cannot start MariaDB: no port of 127.0.0.1 between ${lowest} and ${highest} is free`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
