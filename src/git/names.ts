/** Which names of an archive may become names of a commit. Everything here works on bytes: paths need not be UTF-8. */

/** Code points that HFS+ ignores in a name, so that `.g\u200cit` opens `.git` there. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/**
 * Why a path cannot stand in a commit, or null when it can. `.git` is refused as a component in every spelling that some file
 * system takes for it (git itself refuses such commits); so are links named `.gitmodules` and the like, which git reads.
 */
export function refusePath(path: Uint8Array, isLink: boolean): 'git' | 'malformed' | null {
  const names = Buffer.from(path).toString('latin1').split('/')
  for (const name of names) {
    if (name === '' || name === '.' || name === '..' || name.includes('\0')) return 'malformed'
    if (isGitName(name)) return 'git'
  }
  const last = spellings(names.at(-1) ?? '')
  return isLink && last.some((name) => /^(\.git[a-z]|\.mailmap$|gi[0-9a-z]{0,4}~[0-9])/.test(name)) ? 'git' : null
}

/** `name` holds one byte in each code unit. */
function isGitName(name: string): boolean {
  return spellings(name).some((spelling) => spelling === '.git' || spelling === 'git~1')
}

/** What Windows and macOS may read: no ignored characters, no case, no stream, no dots or spaces at the end. */
function spellings(name: string): string[] {
  const text = Buffer.from(name, 'latin1').toString().replace(ignoredByHfs, '')
  return text.split('\\').map((part) =>
    part
      .toLowerCase()
      .replace(/:.*$/s, '')
      .replace(/[. ]+$/, ''),
  )
}

/** A path for the stream of fast-import: quoted, every byte that is not plain ASCII as octal. */
export function quotePath(path: Uint8Array): string {
  let quoted = '"'
  for (const byte of path) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    quoted += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `${quoted}"`
}

/** A path for messages. */
export function showPath(path: Uint8Array): string {
  return Buffer.from(path).toString()
}
