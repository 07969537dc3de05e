import { createServer, type Server } from 'node:http'
import { rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Ground, openGround } from '../e2e/ground.ts'
import { type House, startHouse } from '../e2e/house.ts'
import { type PhpServer, startPhp } from '../servers/php.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress, type WordPress } from '../servers/wordpress.ts'
import { type Browser, startBrowser } from './browser.ts'
import { provideDashboard } from './built.ts'

export interface World {
  ground: Ground
  house: House
  browser: Browser
  wordpress: WordPress
  php: PhpServer
  /** Serves one file at `/file`, slowly */
  elsewhere: { url: string; give(bytes: Buffer, overMs: number): void }
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
        CAIRN_COMPRESSION: 'fast',
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

async function startElsewhere(): Promise<{ elsewhere: World['elsewhere']; server: Server }> {
  let bytes: Buffer = Buffer.alloc(0)
  let overMs = 0
  const parts = 20
  const server = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-type': 'application/gzip', 'content-length': bytes.length })
    const size = Math.ceil(bytes.length / parts)
    let at = 0
    const timer = setInterval(() => {
      answer.write(bytes.subarray(at, at + size))
      at += size
      if (at < bytes.length) return
      clearInterval(timer)
      answer.end()
    }, overMs / parts)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    server,
    elsewhere: {
      url: `http://127.0.0.1:${port}/file.sql.gz`,
      give(next, slowly) {
        bytes = next
        overMs = slowly
      },
    },
  }
}
