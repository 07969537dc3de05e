import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { Failure, isErrno } from '../../../base/failure.ts'
import { makeDirectory, makeLink, statOrNull } from '../../../hosts/local/changes.ts'
import { openDirectory, openHandleTree } from '../../../hosts/local/handles.ts'
import { removeByHandle } from '../../../hosts/local/removeByHandle.ts'

/**
 * The exported code of one release, into which what belongs to the environment is written. Its content is somebody else's: no
 * link of it is followed on the way to a file, so that nothing is read or written outside. Paths are relative to the code.
 */
export interface CodeTree {
  /** One character for each byte. Null where no file stands; one link is followed, as long as it stays inside */
  read(path: string): string | null
  /** Writes such text to a file of mode 644, in the place of whatever stood there; directories on the way are made */
  write(path: string, text: string): void
  link(path: string, target: string): void
  /** What stands at a path: null for nothing */
  kind(path: string): 'file' | 'directory' | 'link' | null
  /** Every path that was written, linked or made on the way: what stands there is not the commit's */
  touched(): string[]
  close(): void
}

const textBytesMax = 4 << 20

/** @throws {Failure} PREFLIGHT_REFUSED by its functions, where the code has a link or a file in the way */
export function openCodeTree(code: string): CodeTree {
  const handles = openHandleTree(code)
  const touched = new Set<string>()
  const guarded = <T>(path: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      if (!isErrno(error, 'ELOOP', 'ENOTDIR', 'ENAMETOOLONG')) throw error
      throw new Failure(
        'PREFLIGHT_REFUSED',
        `Cannot use "${path}" of this code: a link or a file stands where a directory is needed`,
        {
          hint: 'Managed environments write their configuration and the link to the uploads there; make it a directory in the code',
        },
      )
    }
  }
  const makeParents = (path: string): void => {
    const names = dirname(path).split('/')
    for (let depth = 1; dirname(path) !== '.' && depth <= names.length; depth++) {
      const path = names.slice(0, depth).join('/')
      const parent = handles.at(Buffer.from(path))
      if (statOrNull(parent) !== null) continue
      makeDirectory(parent, 0o755)
      touched.add(path)
    }
  }
  const clear = (path: string): void => {
    touched.add(path)
    const parent = openDirectoryOf(code, dirname(path))
    try {
      removeByHandle(parent, Buffer.from(path.slice(path.lastIndexOf('/') + 1)))
    } finally {
      closeSync(parent)
    }
    handles.forget()
  }
  const tree: CodeTree = {
    read: (path) =>
      guarded(path, () => {
        const real = realName(tree, handles.at, path)
        return tree.kind(real) === 'file' ? readText(handles.at(Buffer.from(real))) : null
      }),
    write: (path, text) =>
      guarded(path, () => {
        makeParents(path)
        const real = realName(tree, handles.at, path)
        clear(real)
        const fd = openSync(handles.at(Buffer.from(real)), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
        try {
          writeFileSync(fd, text, 'latin1')
          fchmodSync(fd, 0o644) // whatever our umask is
        } finally {
          closeSync(fd)
        }
      }),
    link: (path, target) =>
      guarded(path, () => {
        makeParents(path)
        clear(path)
        makeLink(Buffer.from(target), handles.at(Buffer.from(path)))
      }),
    kind(path) {
      try {
        const stat = statOrNull(handles.at(Buffer.from(path)))
        return stat === null ? null : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'file'
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
        throw error
      }
    },
    touched: () => [...touched],
    close: () => handles.close(),
  }
  return tree
}

/** The file that a link names, when it names one inside the code. */
function realName(tree: CodeTree, at: (path: Buffer) => Buffer, path: string): string {
  if (tree.kind(path) !== 'link') return path
  const target = readlinkSync(at(Buffer.from(path)))
  const real = normalize(join(dirname(path), target))
  if (!target.startsWith('/') && real !== '..' && !real.startsWith('../') && tree.kind(real) === 'file') return real
  throw new Failure('PREFLIGHT_REFUSED', `Cannot use "${path}" of this code: it is a link to "${target}"`, {
    hint: 'Put the file itself there',
  })
}

function readText(path: Buffer): string | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    return stat.isFile() && stat.size <= textBytesMax ? readFileSync(fd, 'latin1') : null
  } finally {
    closeSync(fd)
  }
}

function openDirectoryOf(code: string, path: string): number {
  return openDirectory(path === '.' ? code : join(code, path))
}
