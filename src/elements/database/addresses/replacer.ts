import { addressFinder } from './addressAt.ts'
import type { AddressPair } from './addressPair.ts'
import type { Edit, Replacer } from './edits.ts'
import { directoryFinder } from './directoryAt.ts'

export interface ReplacerOptions {
  pairs: readonly AddressPair[]
  /** Directories on disk: the old root becomes the new one. @default none */
  directories?: readonly AddressPair[]
  /** Also a host name that stands by itself, with no `//` before it. @default false */
  bareHosts?: boolean
  /** Also the host of e-mail addresses. @default false */
  emails?: boolean
}

/** Looks at one place of a text where an anchor begins; what it finds starts at or before `at`. */
export type Finder = (text: string, at: number) => Edit | null

/**
 * Replaces addresses in all their spellings, each occurrence once, the longest that fits: `https://`, `http://`, `//`, slashes as
 * `\/`, `\u002f`, `%2F`, `%252f` and `&#x2F;`. A scheme of the target is used, else the occurrence keeps its own. Host and
 * scheme are compared without regard to case. What stands in a new address already is not touched, so that a second run finds
 * nothing, also where the new address begins with the old one; pairs that form a ring (a to b, b to a) have no such second run.
 *
 * @throws {Failure} INPUT_INVALID for a pair that names no address
 */
export function makeReplacer(options: ReplacerOptions): Replacer {
  const addresses = addressFinder(options)
  const directories = directoryFinder(options.directories ?? [])
  const needles = [...new Set([...addresses.needles, ...directories.needles])]
  const pattern = needles.length === 0 ? /(?!)/g : new RegExp(needles.map(anyCase).join('|'), 'g')
  const finders: Finder[] = [directories.find, addresses.find]
  return {
    needles,
    anchors(text) {
      const found: number[] = []
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) found.push(match.index)
      return found
    },
    find(text) {
      const edits: Edit[] = []
      let done = 0
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        const at = match.index
        pattern.lastIndex = at + 1 // another needle may begin inside this one
        for (const finder of finders) {
          const edit = finder(text, at)
          if (edit === null || edit.start < done) continue
          if (text.slice(edit.start, edit.end) !== edit.text) edits.push(edit)
          done = edit.end
          pattern.lastIndex = Math.max(done, at + 1)
          break
        }
      }
      return edits
    },
  }
}

function anyCase(needle: string): string {
  return [...needle]
    .map((char) => {
      if (/[a-z]/i.test(char)) return `[${char.toLowerCase()}${char.toUpperCase()}]`
      return /[\w-]/.test(char) || char > '\x7f' ? char : `\\${char}`
    })
    .join('')
}
