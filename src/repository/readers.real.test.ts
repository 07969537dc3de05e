// Every reader that people open archives with, on archives of every shape that the tar dialect has. A reader that this
// machine lacks is skipped by name; the list of those that must be there is the CI's business (CAIRN_READERS=all).
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Body,
  entryOf,
  fileOf,
  MemoryChunks,
  plainArchive,
  readAll,
  seeded,
  storeElement,
} from '../../test/memoryElement.ts'
import { amount } from '../../test/soak.ts'
import type { Entry } from '../archive/entry.ts'
import { readTar } from '../archive/readTar.ts'
import { tarHeader } from '../archive/tarHeader.ts'
import { runChild } from '../base/spawn.ts'
import { openArchive } from './archiveOut.ts'

const archives = amount({ few: 6, many: 40 })
const root = mkdtempSync(join(tmpdir(), 'cairn-readers-'))

interface Sample {
  file: string
  bodies: Body[]
  prefix: string
  bytes: Buffer
  plain: Buffer
  /** Holds a link whose target needs a record of its own */
  hasLongTarget: boolean
}
const samples: Sample[] = []

beforeAll(async () => {
  for (let seed = 1; seed <= archives; seed++) {
    const prefix = seed % 2 === 0 ? 'files_dev/' : ''
    const bodies = sampleTree(seed)
    const chunks = new MemoryChunks()
    const random = seeded(seed)
    const manifest = storeElement(chunks, bodies, {
      prefix,
      chunkBytes: 1000 + random(60_000),
      level: () => random(10),
      entriesInPageMax: 1 + random(60),
    })
    const bytes = await readAll(openArchive(chunks, manifest).read())
    const file = join(root, `sample${seed}.tar.gz`)
    writeFileSync(file, bytes)
    const hasLongTarget = bodies.some(({ entry }) => entry.target.length > 100)
    samples.push({ file, bodies, prefix, bytes, plain: plainArchive(bodies, 'tar', prefix), hasLongTarget })
  }
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const utf8 = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
const pythonUnpack = `
import os, sys, tarfile
os.umask(0)
archive = tarfile.open(sys.argv[1])
if hasattr(tarfile, 'fully_trusted_filter'): archive.extraction_filter = tarfile.fully_trusted_filter
for member in archive:
    member.uid = member.gid = os.getuid()
    archive.extract(member, sys.argv[2])
`

const nodeUnpack = `
process.umask(0)
const [tar, file, cwd] = process.argv.slice(1)
require(tar).extract({ file, cwd, sync: true, strict: true, preservePaths: true, chmod: true, preserveOwner: false })
`
const pearUnpack = 'require "Archive/Tar.php"; exit((new Archive_Tar($argv[1]))->extract($argv[2]) ? 0 : 1);'

function nodeTar(): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'npm'))
  const npm = realpathSync(found.find((path) => existsSync(path)) ?? '')
  return createRequire(npm).resolve('tar')
}

/** How a tool unpacks an archive into a directory, and what it cannot keep. */
const unpackers: {
  name: string
  program: string
  unpack: (file: string, to: string) => Promise<unknown>
  links: boolean
  modes: boolean
  emptyDirectories?: false
  prefixMax?: number
  /** A file beside the program */
  needs?: string
}[] = [
  {
    name: 'GNU tar',
    program: 'tar',
    unpack: (file, to) => runChild('tar', ['-xpzf', file, '-C', to, '--no-same-owner'], { env: utf8 }),
    links: true,
    modes: true,
  },
  {
    name: 'bsdtar',
    program: 'bsdtar',
    unpack: (file, to) => runChild('bsdtar', ['-xpzof', file, '-C', to], { env: utf8 }),
    links: true,
    modes: true,
  },
  {
    name: 'busybox',
    program: 'busybox',
    unpack: (file, to) => runChild('busybox', ['tar', '-xzof', file, '-C', to]),
    links: true,
    modes: false,
  },
  {
    name: '7z',
    program: '7z',
    unpack: async (file, to) => {
      await runChild('7z', ['x', '-y', `-o${to}.tar`, file], { env: utf8 })
      const [tar = ''] = readdirSync(`${to}.tar`)
      await runChild('7z', ['x', '-y', '-snl', `-o${to}`, join(`${to}.tar`, tar)], { env: utf8, allow: [0, 1, 2] }) // it warns of links that lead out
    },
    links: false,
    modes: false,
  },
  {
    name: 'Python',
    program: 'python3',
    unpack: (file, to) => runChild('python3', ['-c', pythonUnpack, file, to], { env: utf8 }),
    links: true,
    modes: true,
  },
  {
    name: 'node-tar',
    program: 'npm', // which brings it along
    unpack: (file, to) => runChild(process.execPath, ['-e', nodeUnpack, nodeTar(), file, to]),
    links: true,
    modes: true,
  },
  {
    name: 'Archive_Tar',
    program: 'php',
    needs: '/usr/share/php/Archive/Tar.php',
    unpack: (file, to) => runChild('php', ['-d', 'memory_limit=-1', '-d', 'error_reporting=0', '-r', pearUnpack, file, to]),
    links: true,
    modes: false,
    prefixMax: 131, // of the 155 bytes that ustar has for it: what is longer it cuts, and says nothing
  },
  {
    name: 'PharData',
    program: 'php',
    unpack: (file, to) =>
      runChild('php', ['-d', 'memory_limit=-1', '-r', '(new PharData($argv[1]))->extractTo($argv[2], null, true);', file, to]),
    links: false, // it makes empty files of them
    modes: false,
    emptyDirectories: false, // nor does it make those of an archive by GNU tar
  },
]

describe.each(unpackers)('$name', ({ name, program, needs, unpack, ...keeps }) => {
  test.skipIf(isMissing(name, program, needs))('unpacks every archive as it was', async () => {
    for (const [index, sample] of samples.entries()) {
      const to = join(root, `${name}-${index}`)
      mkdirSync(to)
      if (program === 'php' && sample.hasLongTarget) {
        // PHP knows no `K` record. It says so; names that PAX would have carried it unpacks wrongly and says nothing.
        await expect(unpack(sample.file, to)).rejects.toMatchObject({ code: 'CHILD_FAILED' })
        continue
      }
      await unpack(sample.file, to)
      compareTree(sample, to, keeps)
      for (const path of [to, `${to}.tar`]) rmSync(path, { recursive: true, force: true })
    }
  })
})

describe('one gzip member', () => {
  test.skipIf(isMissing('gunzip', 'gunzip'))('gunzip gives the tar', async () => {
    for (const sample of samples) {
      await runChild('gunzip', ['-t', sample.file])
      const { stdout } = await runChild('sh', ['-c', 'gunzip -c "$0" | sha256sum', sample.file])
      expect(stdout.slice(0, 64)).toBe(sha256(sample.plain))
    }
  })

  test.skipIf(isMissing('gzdecode', 'php'))('PHP gzdecode() gives the tar, and not its first member only', async () => {
    for (const sample of samples) {
      const script = 'echo hash("sha256", gzdecode(file_get_contents($argv[1])));'
      expect((await runChild('php', ['-d', 'memory_limit=-1', '-r', script, sample.file])).stdout).toBe(sha256(sample.plain))
    }
  })

  test('Node gives the tar', () => {
    for (const sample of samples) expect(gunzipSync(sample.bytes).equals(sample.plain)).toBe(true)
  })

  test('DecompressionStream, as browsers have it, gives the tar', async () => {
    for (const sample of samples) {
      const plain = await new Response(
        new Blob([new Uint8Array(sample.bytes)]).stream().pipeThrough(new DecompressionStream('gzip')),
      ).arrayBuffer()
      expect(Buffer.from(plain).equals(sample.plain)).toBe(true)
    }
  })
})

test('tar-stream gives every entry with its body', async () => {
  for (const sample of samples) {
    const wanted = sample.bodies.filter(({ entry }) => sample.prefix !== '' || entry.path.length > 0)
    let index = 0
    for await (const { entry, body } of readTar(Readable.from([sample.bytes]).pipe(createGunzip()))) {
      const want = wanted[index++]
      expect(entry.path.toString()).toBe(join(sample.prefix, want?.entry.path.toString() ?? '').replace(/\/$/, ''))
      expect(entry.kind).toBe(want?.entry.kind)
      expect(entry.target.equals(want?.entry.target ?? Buffer.alloc(0))).toBe(true)
      expect((await readAll(body)).equals(want?.body ?? Buffer.alloc(0))).toBe(true)
    }
    expect(index).toBe(wanted.length)
  }
})

/** Trees with every form of name, size, link and number that the dialect writes. */
function sampleTree(seed: number): Body[] {
  const random = seeded(seed * 7919)
  /** A path of so many bytes in parts of at most 60, all its own by `first` */
  const path = (first: string, bytes: number): string => {
    const letters = Array.from({ length: bytes }, (_, i) =>
      i % 61 === 60 ? '/' : 'abcdefghijklmnopqrstuvwxyz0123456789-_'.charAt(random(38)),
    )
    return first + letters.join('').slice(1).replace(/\/$/, 'x')
  }
  const bodies = [directory(''), directory('names'), directory('sizes', 0o700), directory('links'), directory('empty', 0o2775)]
  for (const bytes of [1, 94, 95, 99, 100, 101, 155, 156, 200, 240, 255, 256, 257, 300, 400, 700]) {
    bodies.push(fileOf(`names/${path('D', bytes)}/f`, text(random(2000))), fileOf(`names/${path('F', bytes)}`, text(bytes)))
    bodies.push(directory(`names/${path('E', bytes)}`))
  }
  for (const bytes of [93, 94, 95, 99, 100, 101, 153, 154, 155, 156, 200, 255]) {
    const name = path('', bytes).replaceAll('/', '.').padEnd(bytes, 'z')
    bodies.push(fileOf(`names/${name.slice(1)}f`, text(9)), directory(`names/${name.slice(1)}d`))
  }
  for (const name of ['größe', '日本語のファイル名', 'emoji-🙂', 'a b', "quote'", 'dollar$', '-dash', '.hidden']) {
    bodies.push(fileOf(`names/${name}`, text(40)))
  }
  for (const size of [0, 1, 511, 512, 513, 1023, 1024, 1025, 70_000, 300_000 + random(100_000)]) {
    const change = { mode: size % 2 === 0 ? 0o644 : 0o755, uid: 2 ** 21 + size, mtimeNs: BigInt(size) * 1_000_000_000n }
    bodies.push(fileOf(`sizes/${size}`, text(size), change))
  }
  for (const bytes of seed % 3 === 0 ? [1, 50, 100, 101, 250] : [1, 50, 100]) {
    bodies.push(link(`links/short${bytes}`, path('T', bytes)), link(`links/${path('L', 180)}${bytes}`, path('T', bytes)))
  }
  return withParents(bodies)
}

function directory(path: string, mode = 0o755): Body {
  return { entry: entryOf(path, { kind: 'directory', mode }), body: Buffer.alloc(0) }
}

function link(path: string, target: string): Body {
  return { entry: entryOf(path, { kind: 'link', mode: 0o777, target: Buffer.from(target) }), body: Buffer.alloc(0) }
}

function text(length: number): Buffer {
  return Buffer.from('Lorem ipsum dolor sit amet. '.repeat(length / 28 + 1)).subarray(0, length)
}

/** An archive names every directory before what is in it. */
function withParents(bodies: readonly Body[]): Body[] {
  const all = new Map<string, Body>()
  for (const body of bodies) {
    const path = body.entry.path.toString()
    const parents = path.split('/').slice(0, -1)
    parents.forEach((_, index) => {
      const parent = parents.slice(0, index + 1).join('/')
      if (!all.has(parent)) all.set(parent, directory(parent))
    })
    all.set(path, body)
  }
  return [...all.values()]
}

interface Keeps {
  links: boolean
  modes: boolean
  emptyDirectories?: false
  prefixMax?: number
}

/** How long the prefix of the last block of an entry's header is. */
function prefixBytes(sample: Sample, entry: Entry): number {
  const block = tarHeader(entry, Buffer.from(sample.prefix)).subarray(-512)
  const end = block.subarray(345, 500).indexOf(0)
  return end < 0 ? 155 : end
}

function compareTree(sample: Sample, to: string, keeps: Keeps): void {
  for (const { entry, body } of sample.bodies) {
    const path = join(to, sample.prefix, entry.path.toString())
    if (prefixBytes(sample, entry) > (keeps.prefixMax ?? 155)) continue
    if (entry.kind === 'link') {
      if (keeps.links) expect(readlinkSync(path)).toBe(entry.target.toString())
      continue
    }
    if (entry.kind === 'directory' && keeps.emptyDirectories === false) continue
    const stat = lstatSync(path)
    expect(stat.isDirectory(), path).toBe(entry.kind === 'directory')
    if (keeps.modes && entry.path.length > 0) expect(stat.mode & 0o777, path).toBe(entry.mode & 0o777)
    if (entry.kind === 'file') expect(readFileSync(path).equals(body), path).toBe(true)
  }
}

function isMissing(name: string, program: string, needs = '/'): boolean {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
  const found = inPath && existsSync(needs)
  if (!found && process.env['CAIRN_READERS'] === 'all') throw new Error(`the reader ${name} is missing: install "${program}"`)
  if (!found) console.warn(`SKIPPED: the reader ${name} is not on this machine ("${program}")`)
  return !found
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
