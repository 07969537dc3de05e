import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { quietRun } from '../../base/run.ts'
import { runChild } from '../../base/spawn.ts'
import { cgiParams } from '../../runtime/fastcgi/params.ts'
import { startPrivateMariadb } from '../../runtime/mysql/privateMariadb.ts'
import { openPhpRuntime } from '../../runtime/php/openPhpRuntime.ts'
import type { PhpPool, PhpRuntime, PrivateMysql } from '../../runtime/types.ts'
import { type Catalogue, openCatalogue } from '../../sites/catalogue.ts'
import { parseEnvironmentName, parseSiteName } from '../../sites/names.ts'
import { startTestState, type TestState } from '../../state/testing.ts'
import { environmentDirectory, makeEnvironment, type ManagedPlace, placeOf } from './layout.ts'
import { installationTag, type Names, namesOf } from './names.ts'
import { type PreparedRelease, prepareRelease, type PrepareOptions } from './prepareRelease.ts'
import { openReleases, type Releases } from './records.ts'
import { switchRelease, type SwitchTimes } from './switchRelease.ts'

/** A small managed installation: state database, private MariaDB, PHP. For tests that have real servers. */
export interface Ground {
  base: string
  sites: string
  state: TestState
  key: KeyObject
  catalogue: Catalogue
  mysql: PrivateMysql
  runtime: PhpRuntime
  names: Names
  releases: Releases
  stop(): Promise<void>
}

export async function startGround(uidBase: number): Promise<Ground> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-managed-')))
  chmodSync(base, 0o711)
  const state = await startTestState()
  const key = createSecretKey(randomBytes(32))
  const mysql = await startPrivateMariadb({ directory: join(base, 'mysql'), log: () => {} })
  const runtime = await openPhpRuntime({ directory: join(base, 'php'), log: () => {} })
  const names = namesOf(await installationTag(state.db))
  return {
    ...{ base, sites: join(base, 'sites'), state, key, mysql, runtime, names },
    catalogue: openCatalogue({ db: state.db, key, uidBase }),
    releases: openReleases({ db: state.db, key, names }),
    async stop() {
      await runtime.stop()
      await mysql.stop()
      await state.stop()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

export interface TestEnvironment {
  place: ManagedPlace
  url: string
  pool: PhpPool
  prepare(more: Partial<PrepareOptions>): Promise<PreparedRelease>
  /** Switches to a prepared release, rows and catalogue included */
  switchTo(prepared: PreparedRelease): Promise<SwitchTimes>
  /** As the gateway would: of the current release */
  ask(path: string, more?: Record<string, string>): Promise<{ status: number; text: string; headers: Map<string, string> }>
}

export async function addEnvironment(ground: Ground, site: string, name: string): Promise<TestEnvironment> {
  const { catalogue, releases, mysql, names, runtime } = ground
  await catalogue.createSite({ name: site, framework: 'wordpress' }).catch(() => {})
  const url = `http://${name}-${site}.localhost:7071`
  const named = [parseSiteName(site), parseEnvironmentName(name)] as const
  const directory = environmentDirectory(ground.sites, ...named)
  const environment = await catalogue.addManaged({ site: named[0], name: named[1], directory, url })
  const place = placeOf(environment)
  makeEnvironment(place)
  const pool = runtime.forEnvironment(place)
  const run = quietRun()
  let workflows = 0
  return {
    ...{ place, url, pool },
    prepare: (more) =>
      prepareRelease({
        ...{ place, releases, mysql, names, url, run, siteUuid: '6c1b0d0e-3c38-4a54-9f0b-1f0c8f6f2f11', framework: 'wordpress' },
        ...{
          commit: null,
          code: async (to: string) => void mkdirSync(to),
          files: 'empty',
          database: 'empty',
          expectedBytes: 1e6,
        },
        origin: { workflow: `test-${++workflows}`, backup: null, what: 'a test' },
        ...more,
      }),
    async switchTo({ release, facts }) {
      const from = await releases.current(place.id)
      const times = await switchRelease({
        ...{ place, from, to: release, php: pool, mysql, url, run },
        onCommit: () => releases.setCurrent(place.id, release.number, new Date(Date.now() + 86_400_000)),
      })
      await catalogue.updateRelease(place.id, facts)
      return times
    },
    ask: async (path, more = {}) => askPage(pool, docrootOf(place), url, path, more),
  }
}

function docrootOf(place: ManagedPlace): string {
  return join(realpathSync(join(place.directory, 'current')), 'code')
}

export async function askPage(
  pool: Pick<PhpPool, 'request'>,
  documentRoot: string,
  url: string,
  path: string,
  more: Record<string, string>,
): Promise<{ status: number; text: string; headers: Map<string, string> }> {
  const { host } = new URL(url)
  const request = { method: 'GET', target: path, host, isHttps: false, headers: [], bodyBytes: null, remoteAddress: '127.0.0.1' }
  const script = /^\/[\w./-]+\.php/.exec(path)?.[0] ?? '/index.php'
  const answer = await pool.request({
    params: { ...cgiParams(request, { documentRoot, scriptName: script, pathInfo: '' }), ...more },
  })
  let text = ''
  for await (const part of answer.body) text += String(part)
  return { status: answer.status, text, headers: new Map(answer.headers) }
}

/** A site that says which release its code, its database and its files are of: three times the same, or it is a mixture. */
export async function writeLabCode(to: string, mark: string): Promise<void> {
  const files: Record<string, string> = {
    'wp-settings.php': '<?php // lab',
    'wp-load.php': '<?php // lab',
    'wp-includes/version.php': "<?php $wp_version = '6.5.5';",
    'wp-content/index.php': '<?php // lab',
    'index.php': `<?php
$db = new mysqli(explode(':', DB_HOST)[0], DB_USER, DB_PASSWORD, DB_NAME, (int) explode(':', DB_HOST)[1]);
echo json_encode(['code' => '${mark}', 'files' => trim(file_get_contents(__DIR__ . '/wp-content/uploads/mark.txt')),
  'database' => $db->query('SELECT mark FROM lab')->fetch_row()[0], 'release' => getenv('PANTHEON_DEPLOYMENT_IDENTIFIER')]);`,
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(to, name)), { recursive: true })
    writeFileSync(join(to, name), text)
  }
}

export function copyCode(from: string): (to: string) => Promise<void> {
  return async (to) => {
    cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('wp-content/uploads') })
    // as an export from git
    await runChild('chmod', ['-R', 'u=rwX,go=rX', to])
    await runChild('chown', ['-R', `${process.geteuid?.()}:${process.getegid?.()}`, to])
  }
}
