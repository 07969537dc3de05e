import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PhpServer, startPhp } from '../../test/servers/php.ts'
import { quietRun } from '../base/run.ts'
import { drainPhp } from './drain.ts'
import { reloadPhp } from './opcache.ts'

let base = ''
let docroot = ''
let server: PhpServer

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'cairn-php-'))
  chmodSync(base, 0o711)
  docroot = join(base, 'site')
  mkdirSync(docroot)
  // not one long sleep: the signal of a reload would cut it
  writeFileSync(
    join(docroot, 'slow.php'),
    '<?php $end = microtime(true) + 1.5; while (microtime(true) < $end) usleep(10000); echo "ended";',
  )
  writeFileSync(join(docroot, 'index.php'), '<?php echo "start";')
  const pool = ['php_admin_value[opcache.enable] = 1', 'php_admin_value[opcache.validate_timestamps] = 0']
  server = await startPhp({ docroot, directory: join(base, 'php'), pool })
})
afterAll(async () => {
  await server?.stop()
  rmSync(base, { recursive: true, force: true })
})

const get = async (path: string): Promise<string> => (await fetch(`${server.url}/${path}`)).text()

test('drainPhp() returns when the request that was running has ended, and cuts none', async () => {
  await get('')
  const slow = get('slow.php')
  await sleep(300)
  const began = Date.now()
  expect(await drainPhp(server.reloadCommand, quietRun())).toBe('drained')
  const took = Date.now() - began
  expect(await slow).toBe('ended')
  expect(took).toBeGreaterThan(900)
  expect(took).toBeLessThan(8000)
  expect(await get('')).toBe('start')
})

test('drainPhp() with a command that fails warns and goes on', async () => {
  const run = quietRun()
  expect(await drainPhp(['/bin/false'], run, { settleMs: 10 })).toBe('waited')
  expect(await drainPhp(['/no/such/program'], run, { settleMs: 10 })).toBe('waited')
  expect(run.warnings.map((warning) => warning.code)).toEqual(['PHP_NOT_DRAINED', 'PHP_NOT_DRAINED'])
})

test('reloadPhp() makes a PHP that never looks at files again run the new code: by reload, and by the one-off script', async () => {
  const site = { url: server.url, docroot }
  const write = (text: string): void => {
    writeFileSync(join(docroot, 'code.php'), `<?php echo "${text}";`)
    utimesSync(join(docroot, 'code.php'), 1_700_000_000, 1_700_000_000) // files of the last two seconds are not cached
  }
  write('one')
  expect(await get('code.php')).toBe('one')
  write('two')
  expect(await get('code.php')).toBe('one') // what would happen without it
  const run = quietRun()
  expect(await reloadPhp(server.reloadCommand, run)).toBe('reloaded')
  await sleep(500)
  expect(await get('code.php')).toBe('two')
  write('three')
  expect(await get('code.php')).toBe('two')
  const before = statSync(docroot, { bigint: true }).mtimeNs / 1000n
  writeFileSync(join(docroot, `cairn-opcache-${'0'.repeat(32)}.php`), 'left by a killed process')
  expect(await reloadPhp(null, run, site)).toBe('reset')
  await sleep(200)
  expect(await get('code.php')).toBe('three')
  expect(readdirSync(docroot).sort()).toEqual(['code.php', 'index.php', 'slow.php'])
  expect(statSync(docroot, { bigint: true }).mtimeNs / 1000n).toBeGreaterThanOrEqual(before)
  expect(run.warnings).toEqual([])
})

test('reloadPhp() says why it could not', async () => {
  const run = quietRun()
  expect(await reloadPhp(null, run)).toBe('not-reset')
  expect(await reloadPhp(null, run, { url: 'http://127.0.0.1:1', docroot })).toBe('not-reset')
  expect(await reloadPhp(null, run, { url: server.url, docroot: join(base, 'php') })).toBe('not-reset')
  expect(run.warnings).toHaveLength(3)
  expect(run.warnings.every((warning) => warning.code === 'OPCACHE_NOT_RESET')).toBe(true)
})
