import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitTree } from './commitTree.ts'
import { tagDeploy } from './deployTags.ts'
import { exportTree } from './exportTree.ts'
import { importHistory } from './importHistory.ts'
import { resetTo } from './moveBranch.ts'
import { packRepositoryAs } from './packRepository.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'
import { author, commitSketch, entriesOf, makePlace, type Sketch, useEachPlace, userGit } from './testing.suite.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
useEachPlace((made) => {
  place = made
  repository = made.repository
})

const commit = (sketch: Sketch, message = 'm'): Promise<string> => commitSketch(repository, sketch, message)

/** Everything below a directory: kinds, modes, times and contents. */
function fingerprint(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(
    names.map((name) => {
      const stat = lstatSync(join(directory, name))
      const hash = stat.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(directory, name)))
            .digest('hex')
        : ''
      return [name, `${stat.mode.toString(8)} ${stat.mtimeMs} ${hash}`]
    }),
  )
}

test('untarred elsewhere, the code of an environment is a clean checkout with its whole history', async () => {
  const first = await commit({ 'index.php': '1', 'bin/run': { program: 'x' }, link: { link: 'index.php' } }, 'first')
  await commit({ 'index.php': '1', '.gitattributes': '* text=auto eol=crlf\n', 'dos.txt': 'a\r\n' }, 'second')
  await resetTo(repository, first, { undoId: '01X' })
  const third = await commit({ 'index.php': '3' }, 'third')
  await tagDeploy(repository, { environment: 'live', commit: first, note: 'Deploy', tagger: author })

  for (const [environment, id, branch] of [
    ['dev', third, defaultBranch],
    ['live', first, undefined],
  ] as const) {
    const code = join(place.base, environment)
    await exportTree(repository, id, code)
    await packRepositoryAs(repository, join(code, '.git'), { commit: id, ...(branch === undefined ? {} : { branch }) })
    execFileSync(
      'sh',
      ['-c', `tar -cf - ${environment} | (mkdir elsewhere-${environment}; tar -xf - -C elsewhere-${environment})`],
      {
        cwd: place.base,
      },
    )
    const there = join(place.base, `elsewhere-${environment}`, environment)
    expect(userGit(there, ['fsck', '--strict', '--full'])).toBe('')
    expect(userGit(there, ['status', '--porcelain'])).toBe('')
    expect(userGit(there, ['rev-parse', 'HEAD']).trim()).toBe(id)
    expect(userGit(there, ['branch', '--show-current']).trim()).toBe(branch === undefined ? '' : 'master')
    expect(userGit(there, ['log', '--format=%s', 'master'])).toBe('third\nfirst\n')
    expect(userGit(there, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/master\nrefs/tags/cairn_live_1\n')
    writeFileSync(join(there, 'index.php'), 'changed')
    expect(userGit(there, ['status', '--porcelain'])).toContain(' M index.php')
    // what only an undo knows stays here
    expect(() => userGit(there, ['cat-file', '-e', `${first}^{tree}:dos.txt`])).toThrow()
  }
})

test('the same history gives the same bytes, and one that has grown mostly the same packs', async () => {
  const line = 'A <a@example.org> 1 +0000'
  const commits = Array.from({ length: 49 }, (_, i) => {
    const file = (name: string): string => `M 644 inline ${name}\ndata 2\n${10 + i}\n`
    return `commit refs/heads/master\nauthor ${line}\ncommitter ${line}\ndata 1\nm\n${file('index.php')}${file(`f${i}`)}\n`
  })
  userGit(repository.directory, ['fast-import', '--quiet'], { input: commits.join('') })
  let tip = userGit(repository.directory, ['rev-parse', 'master']).trim()
  const pack = async (name: string): Promise<Record<string, string>> => {
    await packRepositoryAs(repository, join(place.base, name), { commit: tip, branch: defaultBranch })
    return fingerprint(join(place.base, name))
  }
  const one = await pack('one')
  expect(await pack('two')).toEqual(one)
  tip = await commit({ 'index.php': 'more' })
  const grown = await pack('three')
  const packs = (print: Record<string, string>): string[] => Object.keys(print).filter((name) => name.endsWith('.pack'))
  expect(packs(one)).toHaveLength(3) // 32, 16, and what follows
  expect(packs(grown).filter((name) => name in one)).toHaveLength(2)
  await expect(pack('three')).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
})

test('a history goes around: packed, imported into another site, the same', async () => {
  const tip = await commit({ a: '1', größe: '2' })
  await packRepositoryAs(repository, join(place.base, 'x'), { commit: tip, branch: defaultBranch })
  const other = await makePlace()
  mkdirSync(join(other.base, 'code'))
  cpSync(join(place.base, 'x'), join(other.base, 'code/.git'), { recursive: true })
  expect(await importHistory(other.repository, { gitDirectory: join(other.base, 'code/.git') })).toMatchObject({
    head: tip,
    leftOut: [],
  })
  const again = await commitTree(other.repository, { entries: entriesOf({ a: '1', größe: '2' }), message: 'm', author })
  expect(again).toMatchObject({ kind: 'unchanged', commit: tip })
  other.remove()
})

test('half a pack stands in the new directory: a cancelled one leaves nothing in the repository, nor is it tidied away', async () => {
  const tip = await commit(Object.fromEntries(Array.from({ length: 2 }, (_, n) => [`${n}.bin`, randomBytes(8 << 20)])))
  const stop = new AbortController()
  const to = join(place.base, 'cut')
  const packsOf = (directory: string): string[] => readdirSync(join(directory, 'objects/pack'))
  const before = packsOf(repository.directory)
  const packed = packRepositoryAs(repository, to, { commit: tip, branch: defaultBranch, signal: stop.signal })
  const isHalf = (directory: string): boolean => packsOf(directory).some((name) => name.startsWith('tmp_pack'))
  await expect
    .poll(() => existsSync(join(to, 'objects/pack')) && (isHalf(to) || isHalf(repository.directory)), { interval: 1 })
    .toBe(true)
  stop.abort()
  await expect(packed).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
  expect(packsOf(repository.directory)).toEqual(before)
})
