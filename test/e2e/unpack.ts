import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'

const utf8 = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
const python = `
import os, sys, tarfile
archive = tarfile.open(sys.argv[1])
if hasattr(tarfile, 'fully_trusted_filter'): archive.extraction_filter = tarfile.fully_trusted_filter
for member in archive:
    member.uid = member.gid = os.getuid()
    archive.extract(member, sys.argv[2])
`

export interface Unpacker {
  name: string
  program: string
  unpack(archive: string, to: string): Promise<unknown>
  /** Keeps links and empty directories, too */
  keepsAll: boolean
}

/** Every program that people open a .tar.gz with. */
export const unpackers: Unpacker[] = [
  {
    name: 'GNU tar',
    program: 'tar',
    unpack: (archive, to) => runChild('tar', ['-xzf', archive, '-C', to, '--no-same-owner']),
    keepsAll: true,
  },
  {
    name: 'bsdtar',
    program: 'bsdtar',
    unpack: (archive, to) => runChild('bsdtar', ['-xzof', archive, '-C', to]),
    keepsAll: true,
  },
  {
    name: 'busybox',
    program: 'busybox',
    unpack: (archive, to) => runChild('busybox', ['tar', '-xzof', archive, '-C', to]),
    keepsAll: true,
  },
  {
    name: '7z',
    program: '7z',
    async unpack(archive, to) {
      await runChild('7z', ['x', '-y', `-o${to}.tar`, archive], { env: utf8 })
      const [tar = ''] = readdirSync(`${to}.tar`)
      await runChild('7z', ['x', '-y', '-snl', `-o${to}`, join(`${to}.tar`, tar)], { env: utf8, allow: [0, 1, 2] }) // it warns of links that lead out
    },
    keepsAll: false,
  },
  {
    name: 'Python',
    program: 'python3',
    unpack: (archive, to) => runChild('python3', ['-c', python, archive, to], { env: utf8 }),
    keepsAll: true,
  },
  {
    name: 'PharData',
    program: 'php',
    unpack: (archive, to) =>
      runChild('php', ['-d', 'memory_limit=-1', '-r', '(new PharData($argv[1]))->extractTo($argv[2], null, true);', archive, to]),
    keepsAll: false,
  },
]

export function isMissing({ name, program }: Unpacker): boolean {
  const found = (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
  if (!found && process.env['CAIRN_READERS'] === 'all') throw new Error(`the reader ${name} is missing: install "${program}"`)
  if (!found) console.warn(`SKIPPED: the reader ${name} is not on this machine ("${program}")`)
  return !found
}

/** Opens an archive with one of them in a directory of its own. */
export async function unpackInto(unpacker: Unpacker, archive: string, to: string): Promise<Map<string, string>> {
  mkdirSync(to, { recursive: true })
  await unpacker.unpack(archive, to)
  return contentOf(to)
}

/** Every file with a hash of its content, every link with its target, every directory. Names are latin1. */
export function contentOf(root: string, isLeftOut: (path: string) => boolean = () => false): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (directory: Buffer, above: string): void => {
    for (const name of readdirSync(directory, 'buffer')) {
      const full = Buffer.concat([directory, Buffer.from('/'), name])
      const path = above + name.toString('latin1')
      if (isLeftOut(path)) continue
      const stat = lstatSync(full)
      if (stat.isSymbolicLink()) found.set(path, `link ${readlinkSync(full, 'latin1')}`)
      else if (stat.isFile()) found.set(path, `file ${createHash('sha1').update(readFileSync(full)).digest('hex')}`)
      else found.set(path, 'directory')
      if (stat.isDirectory()) visit(full, `${path}/`)
    }
  }
  visit(Buffer.from(root), '')
  return found
}
