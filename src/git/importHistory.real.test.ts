import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { commitTree } from './commitTree.ts'
import { importHistory } from './importHistory.ts'
import { openSiteRepository, type SiteRepository } from './siteRepository.ts'
import { author, entriesOf, makePlace, userGit } from './testing.suite.ts'

let source: Awaited<ReturnType<typeof makePlace>>
let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
/** A `.git` directory as it comes out of an archive, new for each test */
let git = ''

/** Three commits, two branches, an annotated tag, objects both loose and packed. */
beforeAll(async () => {
  source = await makePlace()
  const work = join(source.base, 'work')
  mkdirSync(work)
  userGit(work, ['init', '-q', '-b', 'main'])
  const commit = (name: string): void => {
    writeFileSync(join(work, name), name)
    userGit(work, ['add', '.'])
    userGit(work, ['commit', '-q', '-m', name])
  }
  commit('one')
  userGit(work, ['branch', 'side'])
  commit('two')
  userGit(work, ['tag', '-a', '-m', 'v1', 'v1'])
  userGit(work, ['gc', '-q'])
  commit('three')
  userGit(work, ['branch', 'größe/x'])
})
afterAll(() => source.remove())
beforeEach(async () => {
  place = await makePlace()
  repository = place.repository
  git = join(place.base, 'unpacked/.git')
  cpSync(join(source.base, 'work/.git'), git, { recursive: true })
})
afterEach(() => place.remove())

const put = (name: string, text: string): void => {
  mkdirSync(join(git, name, '..'), { recursive: true })
  writeFileSync(join(git, name), text)
}
const idOf = (name: string): string => userGit(join(source.base, 'work'), ['rev-parse', name]).trim()
const take = (): ReturnType<typeof importHistory> => importHistory(repository, { gitDirectory: git })

async function expectWhole(): Promise<void> {
  expect(userGit(repository.directory, ['fsck', '--strict', '--full'])).toBe('')
  expect(userGit(repository.directory, ['log', '--format=%s', 'master'])).toBe('three\ntwo\none\n')
  expect(readdirSync(repository.directory).toSorted()).toEqual(
    readdirSync(repository.directory)
      .filter((name) => /^(HEAD|config|objects|refs|packed-refs|description|branches)$/.test(name))
      .toSorted(),
  )
}

async function expectUntouched(): Promise<void> {
  await openSiteRepository(repository.directory)
  expect(userGit(repository.directory, ['for-each-ref'])).toBe('')
  expect(readdirSync(repository.directory).filter((name) => name.includes('import-'))).toEqual([])
  expect(await commitTree(repository, { entries: entriesOf({ a: '1' }), message: 'm', author })).toMatchObject({
    kind: 'committed',
  })
}

test('a history comes over with its branches and tags; what HEAD was is master', async () => {
  expect(await take()).toEqual({ head: idOf('main'), branches: 4, tags: 1, leftOut: [], masterKeptAs: null })
  await expectWhole()
  expect(userGit(repository.directory, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(
    `refs/heads/größe/x ${idOf('main')}\nrefs/heads/main ${idOf('main')}\nrefs/heads/master ${idOf('main')}\n` +
      `refs/heads/side ${idOf('side')}\nrefs/tags/v1 ${idOf('v1')}\n`,
  )
  await expect(take()).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
})

test('a commit that HEAD stands on by itself becomes master, and another master keeps its history', async () => {
  put('HEAD', `${idOf('side')}\n`)
  put('refs/heads/master', `${idOf('main')}\n`)
  expect(await take()).toMatchObject({ head: idOf('side'), masterKeptAs: 'refs/heads/master-imported' })
  expect(userGit(repository.directory, ['log', '--format=%s', 'master'])).toBe('one\n')
  expect(userGit(repository.directory, ['log', '--format=%s', 'master-imported'])).toBe('three\ntwo\none\n')
})

test('a bundle comes over as well', async () => {
  const bundle = join(place.base, 'x.bundle')
  userGit(join(source.base, 'work'), ['bundle', 'create', '-q', bundle, '--all'])
  expect(await importHistory(repository, { bundle })).toMatchObject({ head: idOf('main'), branches: 4, tags: 1 })
  await expectWhole()
  rmSync(place.base, { recursive: true })
  place = await makePlace()
  writeFileSync(join(place.base, 'bad.bundle'), '# v2 git bundle\nnonsense')
  await expect(importHistory(place.repository, { bundle: join(place.base, 'bad.bundle') })).rejects.toMatchObject({
    code: 'HISTORY_REFUSED',
  })
})

const evil = (): string => join(place.base, 'evil')
const touch = (): string => `touch ${evil()}`

/** What is in a hostile `.git` and does nothing: the history comes over as if it were not there. */
const harmless: Record<string, () => void> = {
  'a configuration that runs programs': () =>
    put(
      'config',
      `[core]\n\tfsmonitor = ${touch()}\n\tsshCommand = ${touch()}\n\thooksPath = ${git}/hooks\n\tgitProxy = ${touch()}\n\tworktree = /\n` +
        `[uploadpack]\n\tpackObjectsHook = ${touch()}\n[filter "x"]\n\tclean = ${touch()}\n\tsmudge = ${touch()}\n\tprocess = ${touch()}\n` +
        `[include]\n\tpath = /etc/passwd\n[alias]\n\tfetch = !${touch()}\n[gc]\n\trecentObjectsHook = ${touch()}\n[diff]\n\texternal = ${touch()}\n` +
        '[extensions]\n\tpartialClone = origin\n[transfer]\n\tfsckObjects = false\n',
    ),
  'a broken configuration': () => put('config', '[core\n\0'),
  hooks: () => {
    for (const name of ['post-checkout', 'pre-receive', 'update', 'post-update', 'reference-transaction', 'post-index-change']) {
      mkdirSync(join(git, 'hooks'), { recursive: true })
      writeFileSync(join(git, 'hooks', name), `#!/bin/sh\n${touch()}\n`, { mode: 0o755 })
    }
  },
  'grafts and replacements': () => {
    put('info/grafts', `${idOf('main')}\n`)
    put(`refs/replace/${idOf('main')}`, `${idOf('side')}\n`)
  },
  attributes: () => put('info/attributes', '* filter=x export-subst\n'),
  'names that leave refs/': () =>
    put(
      'packed-refs',
      `${readFileSync(join(git, 'packed-refs'), 'utf8')}${idOf('main')} refs/heads/../../../evil\n${idOf('main')} /etc/evil\n` +
        `${idOf('main')} refs/heads/--upload-pack=x\n${idOf('main')} refs/heads/a.lock\n${idOf('main')} refs/heads/.x\n`,
    ),
  'refs that only Cairn may have': () => put('refs/cairn/undo/01X', `${idOf('main')}\n`),
  'refs that are links': () => {
    symlinkSync('/etc/passwd', join(git, 'refs/heads/passwd'))
    symlinkSync('/etc', join(git, 'refs/heads/etc'))
    symlinkSync('..', join(git, 'refs/heads/loop'))
  },
  'refs that lead nowhere, or to a file': () => {
    put('refs/heads/gone', `${'1'.repeat(40)}\n`)
    put('refs/heads/blob', `${idOf('main:one')}\n`)
    put('refs/heads/text', 'ref: refs/heads/../../x\n')
    put('refs/tags/blob', `${idOf('main:one')}\n`)
  },
  'a branch below a branch': () =>
    put('packed-refs', `${readFileSync(join(git, 'packed-refs'), 'utf8')}${idOf('main')} refs/heads/side/x\n`),
  'a pipe as HEAD of a remote, an index and a lock': () => {
    execFileSync('mkfifo', [join(git, 'refs/heads/pipe'), join(git, 'objects/pack/pack-' + '1'.repeat(40) + '.pack')])
    put('index', 'nonsense')
    put('HEAD.lock', '')
    put('packed-refs.lock', '')
  },
  'an index of a pack that lies, a graph, a bitmap': () => {
    for (const name of readdirSync(join(git, 'objects/pack')).filter((pack) => pack.endsWith('.idx'))) {
      rmSync(join(git, 'objects/pack', name))
      put(`objects/pack/${name}`, 'nonsense')
    }
    put('objects/info/commit-graph', 'nonsense')
    put('objects/pack/multi-pack-index', 'nonsense')
  },
  'objects that are links': () => {
    mkdirSync(join(git, 'objects/aa'), { recursive: true })
    symlinkSync('/etc/passwd', join(git, 'objects/aa', 'b'.repeat(38)))
    symlinkSync('/etc', join(git, 'objects/bb'))
  },
  'alternates that nothing needs': () => put('objects/info/alternates', '/etc\n../../../x\n'),
}

for (const last of ['a broken configuration', 'a configuration that runs programs']) {
  test(`from a .git directory with ${Object.keys(harmless).length} kinds of traps, and ${last}, only the history is taken`, async () => {
    for (const spoil of Object.values(harmless)) spoil()
    harmless[last]?.()
    const { leftOut } = await take()
    await expectWhole()
    const refs = userGit(repository.directory, ['for-each-ref', '--format=%(refname)']).trim().split('\n')
    const usual = ['refs/heads/größe/x', 'refs/heads/main', 'refs/heads/master', 'refs/heads/side', 'refs/tags/v1']
    expect(refs.filter((name) => name !== 'refs/heads/--upload-pack=x')).toEqual(usual)
    expect(existsSync(evil())).toBe(false)
    for (const name of ['refs/heads/gone', 'refs/heads/blob', 'refs/heads/side/x', 'refs/heads/a.lock', 'info/grafts']) {
      expect(leftOut).toContain(name)
    }
  })
}

function spoilLoose(edit: (bytes: Buffer) => Buffer): void {
  const id = idOf('main^{tree}')
  const path = join(git, 'objects', id.slice(0, 2), id.slice(2))
  const bytes = readFileSync(path)
  rmSync(path)
  writeFileSync(path, edit(bytes))
}

/** A commit of a tree that a checkout could be led astray by, on HEAD. */
function evilTree(entries: [string, string][]): void {
  const blob = userGit(git, ['hash-object', '-w', '--stdin'], { input: '[submodule "x"]\n\turl = -u./evil\n\tpath = x\n' }).trim()
  const bytes = entries.map(([mode, name]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(blob, 'hex')]))
  const tree = userGit(git, ['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], { input: Buffer.concat(bytes) }).trim()
  put('refs/heads/main', userGit(git, ['commit-tree', tree, '-m', 'x', '-p', idOf('main')]))
}

/** What makes a history unfit: it is refused with the reason, and nothing of it stays. */
const unfit: Record<string, { spoil: () => void; says: RegExp }> = {
  'a shallow clone': { spoil: () => put('shallow', `${idOf('side')}\n`), says: /shallow/ },
  'a work tree of a repository elsewhere': { spoil: () => put('commondir', '/etc\n'), says: /elsewhere/ },
  'a file that points elsewhere': {
    spoil: () => {
      rmSync(git, { recursive: true })
      writeFileSync(git, 'gitdir: /etc\n')
    },
    says: /elsewhere/,
  },
  'a link to a repository elsewhere': {
    spoil: () => {
      rmSync(git, { recursive: true })
      symlinkSync(join(source.base, 'work/.git'), git)
    },
    says: /elsewhere/,
  },
  'no HEAD': { spoil: () => rmSync(join(git, 'HEAD')), says: /HEAD/ },
  'a HEAD that leaves the directory': { spoil: () => put('HEAD', 'ref: refs/heads/../../../../etc/passwd\n'), says: /HEAD/ },
  'objects that are elsewhere': {
    spoil: () => {
      renameSync(join(git, 'objects'), join(place.base, 'objects'))
      put('objects/info/alternates', `${join(place.base, 'objects')}\n`)
    },
    says: /shares objects/,
  },
  'an object that is missing': {
    spoil: () => rmSync(join(git, 'objects', idOf('main^{tree}').slice(0, 2), idOf('main^{tree}').slice(2))),
    says: /Cannot take over/,
  },
  'an object that is another than its name says': {
    spoil: () => spoilLoose(() => readFileSync(join(git, 'objects', idOf('main').slice(0, 2), idOf('main').slice(2)))),
    says: /Cannot take over/,
  },
  'an object that is cut off': { spoil: () => spoilLoose((bytes) => bytes.subarray(0, 20)), says: /Cannot take over/ },
  'a pack that is damaged': {
    spoil: () => {
      const name = readdirSync(join(git, 'objects/pack')).find((pack) => pack.endsWith('.pack')) as string
      const bytes = readFileSync(join(git, 'objects/pack', name))
      bytes[40] = (bytes[40] ?? 0) ^ 0xff
      rmSync(join(git, 'objects/pack', name))
      put(`objects/pack/${name}`, '')
      writeFileSync(join(git, 'objects/pack', name), bytes)
    },
    says: /pack-/,
  },
  'names by SHA-256': { spoil: () => put('HEAD', `${'a'.repeat(64)}\n`), says: /SHA-256/ },
  'a tree that holds .git': { spoil: () => evilTree([['100644', '.git']]), says: /hasDotgit/ },
  'a tree that leaves its directory': { spoil: () => evilTree([['100644', '..']]), says: /hasDotdot/ },
  'a tree that names a path twice': {
    spoil: () =>
      evilTree([
        ['100644', 'a'],
        ['120000', 'a'],
      ]),
    says: /duplicateEntries|treeNotSorted/,
  },
  'a .gitmodules that runs a command': { spoil: () => evilTree([['100644', '.gitmodules']]), says: /gitmodules/ },
  'a .gitmodules that is a link': { spoil: () => evilTree([['120000', '.gitmodules']]), says: /gitmodules/ },
}

for (const [what, { spoil, says }] of Object.entries(unfit)) {
  test(`a .git directory with ${what} is refused and leaves nothing`, async () => {
    spoil()
    const failure = await take().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'HISTORY_REFUSED' })
    expect(String((failure as Error).message)).toMatch(says)
    expect(String((failure as Error).message)).not.toContain(place.base)
    await expectUntouched()
  })
}

test('a history above the limit is refused', async () => {
  await expect(importHistory(repository, { gitDirectory: git }, { maxBytes: 300 })).rejects.toThrow(/larger than 300 bytes/)
  await expectUntouched()
})
