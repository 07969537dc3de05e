import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { makeSmallSite, type SmallSite } from '../load/smallSite.ts'
import { type Ground, openGround } from './ground.ts'
import { type Answer, type House, startHouse } from './house.ts'
import { differences, type Photograph, photographDatabase, photographTree } from './photograph.ts'

/** A server whose dump client, and whose reload of PHP, do what a test wants. */
export interface FaultyHouse {
  ground: Ground
  house: House
  /** What the dump client does from now on: its work, or some of it and then this */
  dump(fault: 'none' | 'killed' | 'exit 3' | 'no trailer'): void
  /** From now on the dump client, or the reload of PHP, waits before it does anything; call the result to let it go on */
  hold(what: 'dump' | 'reload'): () => void
  /** Resolves when something waits there */
  isHeld(what: 'dump' | 'reload'): Promise<void>
  /** @param further options of `site:attach` */
  attach(name: string, ...further: string[]): Promise<SmallSite>
  /** Of the command line: 0, or 3 for the warning that these sites get for a MyISAM table */
  works(...args: string[]): Promise<Answer>
  /** Runs what must fail: its exit code and each pattern in what it says */
  fails(exit: number, patterns: RegExp[], ...args: string[]): Promise<Answer>
  close(): Promise<void>
}

export async function openFaultyHouse(): Promise<FaultyHouse> {
  const ground = await openGround()
  const { directory, mariadb } = ground
  const control = join(directory, 'control')
  const programs = join(directory, 'programs')
  for (const path of [control, programs]) mkdirSync(path)
  const at = (name: string): string => join(control, name)
  const program = (name: string, text: string): void => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(programs, name), 0o755)
  }
  const waits = (what: string): string => `if [ -e ${at(what)} ]; then : >${at(`${what}-held`)}; fi
while [ -e ${at(what)} ]; do sleep 0.05; done`
  program(
    'mariadb-dump',
    `case "$*" in *--help*|*--version*) exec /usr/bin/mariadb-dump "$@";; esac
${waits('dump')}
case "$(cat ${at('fault')})" in
  killed) /usr/bin/mariadb-dump "$@" | head -c 300000; kill -9 $$;;
  'exit 3') /usr/bin/mariadb-dump "$@" | head -c 300000; echo 'mariadb-dump: Got error: 2013: Lost connection' >&2; exit 3;;
  'no trailer') /usr/bin/mariadb-dump "$@" | sed '/^-- Dump completed/d';;
  *) exec /usr/bin/mariadb-dump "$@";;
esac`,
  )
  program('reload', waits('reload'))
  writeFileSync(at('fault'), 'none')
  const house = await startHouse({
    directory,
    env: { PATH: `${programs}:${process.env['PATH'] ?? ''}` },
  })
  ground.later(() => house.stop())
  const works = async (...args: string[]): Promise<Answer> => {
    const answer = await house.cairn(...args)
    if (![0, 3].includes(answer.code)) throw new Error(`"${args.join(' ')}" ended with ${answer.code}\n${answer.stderr}`)
    return answer
  }
  return {
    ground,
    house,
    works,
    dump: (fault) => writeFileSync(at('fault'), fault),
    hold(what) {
      rmSync(at(`${what}-held`), { force: true })
      writeFileSync(at(what), '')
      return () => rmSync(at(what), { force: true })
    },
    async isHeld(what) {
      for (const end = Date.now() + 120_000; !existsSync(at(`${what}-held`)); await sleep(20)) {
        if (Date.now() > end) throw new Error(`nothing came to the ${what}:\n${house.log().slice(-2000)}`)
      }
    },
    async attach(name, ...further) {
      const [database = ''] = name.split('.')
      const site = await makeSmallSite(chanceOf(7), join(directory, database, 'site'), mariadb, database)
      await works('site:attach', name, '--path', site.directory, '--php-reload', join(programs, 'reload'), '--yes', ...further)
      return site
    },
    async fails(exit, patterns, ...args) {
      const answer = await house.cairn(...args)
      expect({ exit: answer.code, said: answer.stderr }).toEqual({ exit, said: expect.stringMatching(patterns[0] ?? /./) })
      for (const pattern of patterns) expect(answer.stderr).toMatch(pattern)
      expect(answer.stderr).not.toContain('mistake in Cairn')
      return answer
    },
    close: () => ground.close(),
  }
}

/** The whole site, tree and database, by an account that may see all of it. */
export async function lookAt({ directory, database, mariadb }: SmallSite): Promise<Photograph> {
  const credentials = { host: null, port: null, socket: mariadb.socket, user: 'root', password: '', database }
  return new Map([...photographTree(directory), ...(await photographDatabase(credentials))])
}

export async function expectUnharmed(site: SmallSite, before: Photograph): Promise<void> {
  expect(differences(before, await lookAt(site))).toEqual([])
}

/** What the configuration of a small site says of its account. */
export function passwordOf({ directory }: SmallSite): string {
  return /DB_PASSWORD', '(\w+)'/.exec(readFileSync(join(directory, 'wp-config.php'), 'utf8'))?.[1] ?? ''
}
