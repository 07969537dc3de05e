// npm run bench [-- --json] [--only=files,database,reading,managed,dashboard,memory] [--row=TEXT] [--quick]: ours and the peers' on the same data in one
// run. --row takes only what has a row with this text.
// The table, or with --json one object, goes to stdout, what is going on to stderr. --quick runs everything once on little data.
//
// What is measured is the JavaScript that the package holds, not the source of a checkout: there each thread loads a compiler
// of types first, for a quarter of a second of CPU and 13 MB. Compiled modules are kept, as bin/cairn keeps them.
import { mkdtempSync, symlinkSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../../src/base/files.ts'
import { childEnd, runChild, startChild } from '../../src/base/spawn.ts'
import { provideDashboard } from '../dashboard/built.ts'

const root = join(import.meta.dirname, '../..')
const built = mkdtempSync(join(tmpdir(), 'cairn-bench-js-'))
process.on('SIGINT', () => {}) // the bench hears it too, and its end is waited for
try {
  await provideDashboard()
  const tsc = join(root, 'node_modules/.bin/tsc')
  await runChild(tsc, ['-p', join(root, 'tsconfig.json'), '--noEmit', 'false', '--noCheck', '--rootDir', root, '--outDir', built])
  for (const name of ['node_modules', 'script', 'package.json', 'dist', 'test/servers/wordpressInstall.php']) {
    symlinkSync(join(root, name), join(built, name))
  }
  const child = startChild(
    process.execPath,
    ['--import', join(built, 'test/bench/asServer.js'), join(built, 'test/bench/bench.js'), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: join(built, 'compiled') } },
  )
  const { code, signal } = await childEnd(child)
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
} finally {
  removeTree(built, tmpdir())
}
