import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { environmentFile } from './environmentFile.ts'
import { prependPhp } from './prepend.ts'
import { type EnvironmentFacts, type PhpPlace, wordpressSalts } from './types.ts'

/** A dev environment of a WordPress site, but for what is given. */
export function environmentFacts(change: Partial<EnvironmentFacts>): EnvironmentFacts {
  return {
    release: 1,
    site: { uuid: '6c1b0d0e-3c38-4a54-9f0b-1f0c8f6f2f11', name: 'shop' },
    environment: 'dev',
    framework: 'wordpress',
    docroot: '',
    coreFolder: '',
    filesPath: 'wp-content/uploads',
    privateFiles: null,
    temporaryDirectory: '/var/lib/cairn/sites/shop/dev/tmp',
    url: 'http://dev-shop.localhost:7071',
    database: {
      host: '127.0.0.1',
      port: 3399,
      name: 'c_1',
      user: 'r_1',
      password: `a'b"c\\d$e`,
      prefix: 'wp_',
      isEmpty: false,
    },
    salts: Object.fromEntries(wordpressSalts.map((name) => [name, `salt of ${name}`])) as EnvironmentFacts['salts'],
    hashSalt: 'hash salt',
    checkSecret: 'check secret of release 1',
    ...change,
  }
}

/** How many processes of this machine have this in their command line; choose what no other test has in its. */
export function countProcesses(words: string): number {
  const has = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').includes(words)
    } catch {
      return false // gone
    }
  }
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && has(pid)).length
}

/** A directory that the users of environments may pass, as the data directory is. */
export function passableDirectory(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `cairn-${name}-`))
  chmodSync(path, 0o711)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface TestEnvironment {
  place: PhpPlace
  /** Adds a release; `files` by their paths inside the code */
  release(number: number, files: Record<string, string>, facts?: Partial<EnvironmentFacts>): string
  makeCurrent(number: number): void
  upload(path: string, content: string): void
  maintenance(isOn: boolean): void
}

/** An environment on the disk with the owners and modes of a real one. */
export function testEnvironment(data: string, name: string, uid: number, isLive = false): TestEnvironment {
  const directory = join(data, 'sites', 'shop', name)
  const own = (path: string, mode: number, user = 0): void => {
    chownSync(path, user, uid)
    chmodSync(path, mode)
  }
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  own(directory, 0o750)
  const files = join(directory, 'files/f1')
  mkdirSync(join(files, 'private'), { recursive: true })
  own(join(directory, 'files'), 0o750)
  for (const path of [files, join(files, 'private')]) own(path, 0o770, uid)
  writeFileSync(join(directory, 'prepend.php'), prependPhp(directory))
  own(join(directory, 'prepend.php'), 0o640)
  const numbered = (number: number): string => `releases/${String(number).padStart(6, '0')}`
  return {
    place: { id: `test-${name}-${randomBytes(4).toString('hex')}`, directory, uid, gid: uid, isLive },
    release(number, content, facts = {}) {
      const release = join(directory, numbered(number))
      const code = join(release, 'code')
      mkdirSync(join(code, 'wp-content'), { recursive: true })
      symlinkSync('../../../../files/f1', join(code, 'wp-content/uploads'))
      for (const [path, text] of Object.entries(content)) {
        mkdirSync(dirname(join(code, path)), { recursive: true })
        writeFileSync(join(code, path), text)
      }
      const told = environmentFile(
        environmentFacts({ release: number, environment: name, temporaryDirectory: join(directory, 'tmp'), ...facts }),
      )
      writeFileSync(join(release, 'environment.json'), JSON.stringify(told))
      own(join(release, 'environment.json'), 0o640)
      return code
    },
    makeCurrent(number) {
      rmSync(join(directory, 'current'), { force: true })
      symlinkSync(numbered(number), join(directory, 'current'))
    },
    upload(path, content) {
      mkdirSync(dirname(join(files, path)), { recursive: true })
      writeFileSync(join(files, path), content)
      own(join(files, path), 0o660, uid)
    },
    maintenance(isOn) {
      if (isOn) writeFileSync(join(directory, 'maintenance'), '')
      else rmSync(join(directory, 'maintenance'), { force: true })
    },
  }
}
