import { createServer, type Server, type ServerResponse } from 'node:http'
import { rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ground, openGround } from '../e2e/ground.ts'
import { type House, startHouse } from '../e2e/house.ts'
import { type PhpServer, startPhp } from '../servers/php.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress, type WordPress } from '../servers/wordpress.ts'
import { type Browser, startBrowser } from './browser.ts'
import { provideDashboard } from './built.ts'

/** Somebody else's web server, which has one file and all the time in the world. */
export interface Elsewhere {
  url: string
  /** What it has from now on; nothing of it is sent yet */
  give(bytes: Buffer): void
  /** Goes on to so many percent, in several pieces; done when they are sent */
  sendTo(percent: number, overMs: number): Promise<void>
}

export interface World {
  ground: Ground
  house: House
  browser: Browser
  wordpress: WordPress
  php: PhpServer
  elsewhere: Elsewhere
  close(): Promise<void>
}

/** A server with a real WordPress beside it, a browser, and somebody else's web server. */
export async function openWorld(): Promise<World> {
  await provideDashboard()
  const ground = await openGround()
  try {
    const root = join(ground.directory, 'site')
    const port = await freePort()
    const wordpress = await installWordPress({
      ...{ version: '6.5', directory: root, mariadb: ground.mariadb, database: 'blog' },
      ...{ url: `http://127.0.0.1:${port}`, posts: 12, uploads: 6, uploadBytes: 20_000 },
      light: true,
    })
    slim(root)
    const php = await startPhp({ docroot: root, directory: join(ground.directory, 'php'), port, kind: 'builtin' })
    ground.later(() => php.stop())
    const house = await startHouse({
      directory: ground.directory,
      env: {
        CAIRN_GATEWAY_LISTEN: `127.0.0.1:${await freePort()}`,
        CAIRN_UID_BASE: '37000000',
        CAIRN_FETCH_PRIVATE: 'yes',
      },
    })
    ground.later(() => house.stop())
    const { elsewhere, server } = await startElsewhere()
    ground.later(async () => server.close())
    const browser = await startBrowser()
    ground.later(() => browser.close())
    return { ground, house, browser, wordpress, php, elsewhere, close: () => ground.close() }
  } catch (error) {
    await ground.close()
    throw error
  }
}

/** Away with the themes that nobody sees: each release exports them anew. */
function slim(root: string): void {
  for (const name of ['twentytwentytwo', 'twentytwentythree']) rmSync(join(root, 'wp-content/themes', name), { recursive: true })
}

async function startElsewhere(): Promise<{ elsewhere: Elsewhere; server: Server }> {
  let bytes: Buffer = Buffer.alloc(0)
  let at = 0
  let asked = Promise.withResolvers<ServerResponse>()
  const server = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-type': 'application/gzip', 'content-length': bytes.length })
    answer.flushHeaders()
    asked.resolve(answer)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const pieces = 4
  return {
    server,
    elsewhere: {
      url: `http://127.0.0.1:${port}/file.sql.gz`,
      give(next) {
        bytes = next
        at = 0
        asked = Promise.withResolvers()
      },
      async sendTo(percent, overMs) {
        const answer = await asked.promise
        const from = at
        const until = Math.floor((bytes.length * percent) / 100)
        for (let piece = 1; piece <= pieces; piece++) {
          await sleep(overMs / pieces)
          const end = from + Math.floor(((until - from) * piece) / pieces)
          answer.write(bytes.subarray(at, end))
          at = end
        }
        if (at === bytes.length) answer.end()
      },
    },
  }
}
