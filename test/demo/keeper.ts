import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileDurably } from '../../src/base/files.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPhp } from '../servers/php.ts'
import { freePort } from '../servers/ports.ts'
import { installWordPress } from '../servers/wordpress.ts'

/**
 * Keeps what the demo leaves running: a MariaDB, a WordPress on PHP's own server, and Cairn. `node keeper.ts FOLDER CAIRN`
 * writes `ready.json` when all of it answers and ends everything at SIGTERM.
 */
const [folder = '', program = ''] = process.argv.slice(2)
const say = (line: string): void => writeFileSync(join(folder, 'progress'), `${line}\n`, { flag: 'a' })

mkdirSync(folder, { recursive: true })
chmodSync(folder, 0o711)
writeFileSync(join(folder, 'keeper.pid'), String(process.pid))

say('starting a MariaDB of our own')
const mariadb = await startMariadb(join(folder, 'mariadb'))
const phpPort = await freePort()
const site = join(folder, 'site')
say('installing WordPress with 300 posts and 240 images')
const wordpress = await installWordPress({
  version: '6.5',
  directory: site,
  mariadb,
  database: 'demo',
  url: `http://127.0.0.1:${phpPort}`,
  posts: 300,
  uploads: 240,
})
const php = await startPhp({ docroot: site, directory: join(folder, 'php'), port: phpPort, kind: 'builtin' })

say('starting Cairn')
const cairnPort = await freePort()
const gatewayPort = await freePort()
const data = join(folder, 'cairn')
const log = openSync(join(folder, 'cairn.log'), 'a')
const cairn = spawn(program, ['server'], {
  cwd: folder,
  stdio: ['ignore', log, log],
  env: {
    ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], CAIRN_DATA: data },
    ...{ CAIRN_LISTEN: `127.0.0.1:${cairnPort}`, CAIRN_GATEWAY_LISTEN: `127.0.0.1:${gatewayPort}` },
  },
})
writeFileSync(join(folder, 'cairn.pid'), String(cairn.pid))
let cairnEnded = false
cairn.once('exit', (code) => {
  cairnEnded = true
  say(`cairn server ended with ${code}`)
})

const stop = async (): Promise<void> => {
  if (!cairnEnded) {
    cairn.kill('SIGTERM')
    for (let waited = 0; !cairnEnded && waited < 30_000; waited += 50) await sleep(50)
  }
  await php.stop()
  await mariadb.stop()
  rmSync(join(folder, 'keeper.pid'), { force: true })
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())

for (let tries = 0; !(await healthy()); tries++) {
  if (cairnEnded || tries > 600) {
    say('Cairn does not answer, see cairn.log')
    await stop()
  }
  await sleep(50)
}
writeFileDurably(
  join(folder, 'ready.json'),
  JSON.stringify({ site, url: wordpress.url, cairn: `http://127.0.0.1:${cairnPort}`, data, socket: mariadb.socket }),
)
say('ready')

async function healthy(): Promise<boolean> {
  try {
    return existsSync(join(data, 'token')) && (await fetch(`http://127.0.0.1:${cairnPort}/v1/health`)).ok
  } catch {
    return false
  }
}
