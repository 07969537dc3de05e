import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { onEachChange } from '../../hosts/local/changes.ts'
import { RepositoryKeys } from '../../repository/keys.ts'
import type { House } from '../house.ts'
import { restoreConfigOutside } from '../restore/config.ts'
import { openConfigOutside, readConfigOutside } from './configOutside.ts'

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: files and links of other users, which only root can make')

const keys = new RepositoryKeys({ repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', master: Buffer.alloc(32, 7) })
let root: string
let config: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-config-')))
  mkdirSync(join(root, 'home'))
  config = join(root, 'home/wp-config.php')
  if (isRoot) chownSync(join(root, 'home'), 33, 33)
})
afterEach(() => {
  onEachChange(null)
  rmSync(root, { recursive: true, force: true })
})

function write(path: string, uid: number, mode = 0o640): void {
  writeFileSync(path, `of ${uid}`)
  if (isRoot) chownSync(path, uid, uid)
  chmodSync(path, mode)
}

/** What a restore does with what a backup sealed. */
async function restore(sealedConfig: string | null): Promise<ReturnType<typeof quietRun>> {
  const run = quietRun()
  const repository = { keys, readBackupObject: () => Promise.resolve({ sealedConfig }) }
  await restoreConfigOutside({ repository } as unknown as House, 'a backup', run)
  return run
}

const refused = (what: string): unknown =>
  expect.objectContaining({ code: 'PREFLIGHT_REFUSED', message: expect.stringContaining(what) })

test('a file comes back with its mode where it is missing, and is left alone where it is not', async () => {
  write(config, 33)
  const sealed = readConfigOutside(keys, [config, join(root, 'gone.php')])
  writeFileSync(config, 'newer')
  await restore(sealed)
  expect(readFileSync(config, 'utf8')).toBe('newer')
  rmSync(config)
  expect((await restore(sealed)).lines.join()).toContain('was missing and is restored')
  expect(readFileSync(config, 'utf8')).toBe('of 33')
  expect(lstatSync(config).mode & 0o7777).toBe(0o640)
  if (isRoot) expect(lstatSync(config)).toMatchObject({ uid: 33, gid: 33 })
  expect(readdirSync(join(root, 'home'))).toEqual(['wp-config.php'])
})

test('a pipe, a directory or a large file is refused, and a pipe holds nobody', () => {
  execFileSync('mkfifo', [config])
  expect(() => readConfigOutside(keys, [config])).toThrow(refused('it is no ordinary file'))
  expect(() => readConfigOutside(keys, [root])).toThrow(refused('it is no ordinary file'))
  rmSync(config)
  writeFileSync(config, Buffer.alloc((1 << 20) + 1))
  expect(() => readConfigOutside(keys, [config])).toThrow(refused('larger than 1 MiB'))
})

describe.runIf(isRoot)('where another may write', () => {
  test('what a link of theirs leads to is read only where it is theirs, with its own mode and owner', () => {
    write(join(root, 'repository.key'), 0, 0o600)
    symlinkSync(join(root, 'repository.key'), config)
    lchownSync(config, 33, 33)
    expect(() => readConfigOutside(keys, [config])).toThrow(refused(`Cannot follow the link "${config}"`))
    rmSync(config)
    write(join(root, 'shared.php'), 33)
    symlinkSync('../shared.php', config)
    lchownSync(config, 33, 33)
    const [file] = openConfigOutside(keys, readConfigOutside(keys, [config]))
    expect(file).toMatchObject({ path: config, mode: 0o640, uid: 33, content: Buffer.from('of 33') })
  })

  test('a parent that became a link is not written through, and the restore goes on', async () => {
    write(config, 33)
    const sealed = readConfigOutside(keys, [config])
    mkdirSync(join(root, 'victim'))
    rmSync(join(root, 'home'), { recursive: true })
    symlinkSync('victim', join(root, 'home'))
    lchownSync(join(root, 'home'), 33, 33)
    const { warnings } = await restore(sealed)
    expect(readdirSync(join(root, 'victim'))).toEqual([])
    expect(warnings).toMatchObject([{ code: 'CONFIG_NOT_RESTORED', path: config }])
  })

  test('the owner is set before the file has its name: nothing put there meanwhile is given away', async () => {
    write(config, 33)
    const sealed = readConfigOutside(keys, [config])
    rmSync(config)
    let before: { uid: number; mode: number } | undefined
    onEachChange(() => {
      const [aside = ''] = readdirSync(join(root, 'home'))
      before = lstatSync(join(root, 'home', aside))
    })
    await restore(sealed)
    expect(before).toMatchObject({ uid: 33, gid: 33, mode: 0o100640 })
  })
})
