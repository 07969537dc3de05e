import { existsSync, mkdirSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runChild } from '../../src/base/spawn.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPhp } from '../servers/php.ts'
import { installWordPress } from '../servers/wordpress.ts'

/**
 * What `npm run dev` works on: a WordPress that runs, attached and backed up, and where Cairn is root a managed copy of it with a
 * deployed test environment. `node devWorld.ts FOLDER`; made once, kept for the next time.
 */
const [folder = ''] = process.argv.slice(2)
const program = join(import.meta.dirname, '../../bin/cairn')
const port = 7174
const site = join(folder, 'blog')

mkdirSync(folder, { recursive: true })
chmodSync(folder, 0o711)
const isNew = !existsSync(site)
const mariadb = await startMariadb(join(folder, 'mariadb'))
if (isNew) {
  say('installing a WordPress to work on')
  await installWordPress({
    ...{ version: '6.5', directory: site, mariadb, database: 'blog' },
    ...{ url: `http://127.0.0.1:${port}`, posts: 40, uploads: 24 },
  })
}
const php = await startPhp({ docroot: site, directory: join(folder, 'php'), port, kind: 'builtin' })
const stop = async (): Promise<void> => {
  await php.stop()
  await mariadb.stop()
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())

while (!(await answers())) await sleep(200)
if (isNew) await seed()
say(`open ${(await cairn('auth:login-link')).trim()}`)

async function seed(): Promise<void> {
  await cairn('site:attach', 'blog.live', `--path=${site}`, '--yes')
  await cairn('backup:create', 'blog.live', '--note=as installed')
  await cairn('backup:create', 'blog.live', '--element=db', '--keep-for=30')
  if (process.getuid?.() !== 0) return
  const listed = await cairn('backup:list', 'blog.live', '--element=code', '--format=json')
  const [archive] = JSON.parse(listed) as { fileName: string }[]
  await cairn('site:create', 'shop', `--from-backup=${archive?.fileName ?? ''}`)
  await cairn('env:deploy', 'shop.test', '--note=first deploy')
}

async function cairn(...args: string[]): Promise<string> {
  const { CAIRN_URL = '', CAIRN_DATA = '' } = process.env
  return (await runChild(process.execPath, [program, ...args], { env: { CAIRN_URL, CAIRN_DATA }, allow: [0, 3] })).stdout
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`${process.env['CAIRN_URL'] ?? ''}/v1/health`)).ok
  } catch {
    return false
  }
}

function say(line: string): void {
  process.stderr.write(`· ${line}\n`)
}
