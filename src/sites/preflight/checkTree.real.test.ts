import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runChild } from '../../base/spawn.ts'
import { checkTree, type TreeReport } from './checkTree.ts'

const www = 33
let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-preflight-')))
  chmodSync(root, 0o755)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function make(path: string, mode: number, uid: number, gid = uid): string {
  const full = join(root, path)
  mkdirSync(full, { recursive: true })
  writeFileSync(join(full, 'file'), 'x')
  chownSync(join(full, 'file'), uid, gid)
  chownSync(full, uid, gid)
  chmodSync(full, mode)
  return full
}

/** Everything about a tree that a probe could have changed, times to the microsecond. */
function photograph(directory: string, withTimes = true): string[] {
  const stat = lstatSync(directory)
  const time = withTimes ? String(lstatSync(directory, { bigint: true }).mtimeNs / 1000n) : ''
  const own = [directory, stat.mode.toString(8), stat.uid, stat.gid, time].join(' ')
  if (!stat.isDirectory()) return [own]
  return [
    own,
    ...readdirSync(directory)
      .sort()
      .flatMap((name) => photograph(join(directory, name), withTimes)),
  ]
}

/** checkTree() in a process of another user. */
async function checkAs(uid: number, directory: string, groups = ''): Promise<TreeReport> {
  const script = `import { checkTree } from ${JSON.stringify(join(import.meta.dirname, 'checkTree.ts'))}
    process.stdout.write(JSON.stringify(await checkTree('code', ${JSON.stringify(directory)}, () => false)))`
  const identity = [
    '--reuid',
    String(uid),
    '--regid',
    String(uid),
    ...(groups === '' ? ['--clear-groups'] : ['--groups', groups]),
  ]
  const { stdout } = await runChild('setpriv', [...identity, '--', process.execPath, '--input-type=module', '-e', script])
  return JSON.parse(stdout) as TreeReport
}

function levels(report: TreeReport): Record<string, string> {
  return Object.fromEntries(
    report.checks.filter(({ check }) => !check.endsWith('.space')).map(({ check, level }) => [check, level]),
  )
}

describe.runIf(process.getuid?.() === 0)('what a tree allows', () => {
  test('root keeps owners, and leaves the tree as it was', async () => {
    make('', 0o755, www)
    make('sub', 0o555, www)
    const before = photograph(root)
    const report = await checkTree('code', root, () => false)
    expect(report.mode).toBe('root')
    expect(levels(report)).toEqual({ 'code.read': 'info', 'code.rename': 'info', 'code.write': 'info', 'code.owners': 'info' })
    expect(photograph(root)).toEqual(before)
  })

  test('the owner may change everything, also what is 0555, and it is 0555 again afterwards', async () => {
    make('', 0o555, www)
    make('sub', 0o555, www)
    const before = photograph(root)
    const report = await checkAs(www, root)
    expect(report.mode).toBe('owner')
    expect(report.checks.find(({ check }) => check === 'code.write')?.message).toContain('for the time of a change')
    expect(photograph(root)).toEqual(before)
  })

  test('a member of the group may change a 2775 tree, and is told what will differ', async () => {
    make('', 0o2775, www)
    make('sub', 0o2775, www)
    const report = await checkAs(12345, root, String(www))
    expect(report.mode).toBe('group')
    expect(levels(report)).toMatchObject({ 'code.owners': 'warning', 'code.rename': 'info' })
    expect(report.checks.find(({ check }) => check === 'code.owners')?.message).toContain('3 entries belong to www-data')
  })

  test.each<[string, number, string]>([
    ['0755 of somebody else', 0o755, 'code.write'],
    ['0555 of somebody else', 0o555, 'code.write'],
    ['sticky of somebody else', 0o3777, 'code.sticky'],
    ['0775 without setgid', 0o775, 'code.group'],
    ['0700 of somebody else', 0o700, 'code.read'],
  ])('a directory that is %s is refused with the reason', async (_name, mode, check) => {
    make('', 0o2775, www)
    make('sub', mode, www)
    const before = photograph(root, false)
    const report = await checkAs(12345, root, String(www))
    expect(report.mode).toBe('refused')
    expect(report.checks.find((one) => one.check === check)).toMatchObject({
      ok: false,
      level: 'error',
      message: expect.stringContaining('"sub"'),
    })
    expect(photograph(root, false)).toEqual(before)
  })

  test('a tree of somebody else in which nothing can be made', async () => {
    make('', 0o755, www)
    const report = await checkAs(12345, root)
    expect(report.mode).toBe('refused')
    expect(report.checks.find(({ check }) => check === 'code.rename')?.message).toContain('EACCES')
  })

  test('each mount inside is tried out, and a read-only one refused', async () => {
    make('', 0o755, www)
    const inside = make('media', 0o755, www)
    await runChild('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', inside])
    try {
      const report = await checkTree('code', root, () => false)
      expect(report.mode).toBe('refused')
      expect(report.checks.map(({ message }) => message).join()).toContain(
        `the mount "${inside}": the file system is mounted read-only`,
      )
      expect((await checkTree('code', root, (path) => path === 'media')).mode).toBe('root')
    } finally {
      await runChild('umount', [inside])
    }
  })
})
