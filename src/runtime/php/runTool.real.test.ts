import { readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../base/spawn.ts'
import { passableDirectory, testEnvironment } from '../testing.suite.ts'
import type { PhpRuntime, ToolRequest, ToolResult } from '../types.ts'
import { openPhpRuntime } from './openPhpRuntime.ts'

const top = passableDirectory('tool')
const dev = testEnvironment(top.path, 'dev', 200_061)
const run = join(top.path, 'run')
const server = createServer((socket) => socket.end('told'))
let runtime: PhpRuntime
let code: string

beforeAll(async () => {
  code = dev.release(1, { 'vendor/bin/tool': '#!/usr/bin/env php\n<?php echo "of the code";' })
  dev.makeCurrent(1)
  dev.release(2, {})
  dev.makeCurrent(2) // what is worked on is not current
  writeFileSync(join(top.path, 'secret'), 'secret', { mode: 0o600 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  runtime = await openPhpRuntime({ directory: run, log: () => {} })
})
afterAll(async () => {
  await runtime.stop()
  server.close()
  top.remove()
})

function tool(script: string | { file: string }, change: Partial<ToolRequest> = {}, by = runtime): Promise<ToolResult> {
  const { port } = server.address() as AddressInfo
  return by.runTool({
    ...{ place: dev.place, directory: code, args: ['--first', 'a b'], checkSecret: 'check secret of release 1' },
    ...{ script: typeof script === 'string' ? { text: `<?php ${script}` } : script, timeoutSeconds: 60 },
    database: { host: '127.0.0.1', port },
    ...change,
  })
}

test('a program works in a release that is not current, as its own user, told what the release is told', async () => {
  const {
    code: exit,
    output,
    errors,
  } = await tool(`
    echo json_encode([posix_getuid(), getcwd(), array_slice($argv, 1), getenv('DB_HOST'), DB_PASSWORD, ini_get('sendmail_path')]);
    fwrite(STDERR, 'words');
    exit(3);`)
  expect([exit, errors]).toEqual([3, 'words'])
  expect(JSON.parse(output)).toEqual([
    ...[200_061, code, ['--first', 'a b'], 'localhost', `a'b"c\\d$e`],
    "/bin/sh -c 'cat >/dev/null'",
  ])
  expect((await tool({ file: join(code, 'vendor/bin/tool') })).output).toBe('of the code')
})

test('it reaches the database through a socket, and neither the network nor what is not its own', async () => {
  const { port } = server.address() as AddressInfo
  const { output, isIsolated } = await tool(`
    $database = stream_get_contents(stream_socket_client('unix://' . ini_get('mysqli.default_socket')));
    $network = @stream_socket_client('tcp://127.0.0.1:${port}', $no, $words, 2) !== false;
    echo json_encode([$database, $network, @file_get_contents('${join(top.path, 'secret')}')]);`)
  expect(JSON.parse(output)).toEqual(['told', !isIsolated, false])
})

test('settings and rights go on to what it starts; nothing of it stays', async () => {
  const child = `passthru('echo ' . escapeshellarg('<?php echo DB_NAME, " ", ini_get("memory_limit");') . ' | ' . PHP_BINARY);`
  expect((await tool(child)).output).toBe('c_1 1024M')
  const late = await tool(`exec('sleep 600 > /dev/null 2>&1 &'); sleep(600);`, { timeoutSeconds: 1 })
  expect(late).toMatchObject({ code: null, isLate: true })
  const stopped = new AbortController()
  const ended = tool('sleep(600);', { signal: stopped.signal })
  stopped.abort()
  expect(await ended).toMatchObject({ code: null, isLate: false })
  expect(readdirSync(run)).toEqual([])
})

test('without the secret of its release it is refused', async () => {
  const { code: exit, errors } = await tool('echo 1;', { checkSecret: 'another secret of a release' })
  expect([exit, errors]).toEqual([75, expect.stringContaining('being changed')])
})

test('where the machine allows no namespaces what it started is ended all the same', async () => {
  const plain = await openPhpRuntime({ directory: join(top.path, 'plain'), useNamespaces: false, log: () => {} })
  const late = await tool(`exec('setsid sleep 600 > /dev/null 2>&1 &'); sleep(600);`, { timeoutSeconds: 1 }, plain)
  expect(late).toMatchObject({ code: null, isLate: true, isIsolated: false })
  // one that has ended waits for whoever is first on this machine to take note
  const { stdout } = await runChild('ps', ['-u', '200061', '-o', 'stat,args', '--no-headers'], { allow: [0, 1] })
  expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('Z'))).toEqual([])
  await plain.stop()
})
