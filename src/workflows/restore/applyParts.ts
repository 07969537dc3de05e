import type { Element } from '../../contract/words.ts'
import { codeRootOf, elementsOf, filesRootsOf } from '../../elements/trees.ts'
import { compileExclude } from '../../hosts/local/exclude.ts'
import type { TreeRoot } from '../../hosts/treeSource.ts'
import { findGround } from '../../releases/apply/areas.ts'
import { homeOf } from '../../releases/apply/journal.ts'
import type { ApplyPart } from '../../releases/apply/types.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import type { Manifest, StoredEntry } from '../../repository/types.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { type KnownContent, openKnownContent } from './knownContent.ts'
import { type FileThreads, openFileThreads } from './writeFiles.ts'

export type TreeElement = Exclude<Element, 'database'>

interface PartOptions {
  house: House
  environment: Environment
  manifests: Partial<Record<TreeElement, Manifest>>
  /** Configuration files are replaced too, instead of left alone where they are present */
  withConfig: boolean
  threads: FileThreads
  /** What the last backup knows of each element's files */
  known: Partial<Record<TreeElement, KnownContent | null>>
}

/** What the code and files of a backup make of an environment's trees. What is left out of backups is left alone here. */
export function applyParts({ house, environment, manifests, withConfig, threads, known }: PartOptions): ApplyPart<StoredEntry>[] {
  const trees = elementsOf(environment)
  const roots = rootsOf(environment)
  return (['code', 'files'] as const).flatMap((element) => {
    const manifest = manifests[element]
    if (manifest === undefined) return []
    const exclude = compileExclude(trees[element].exclude)
    const secret = new Set(trees[element].secretPaths)
    const part: ApplyPart<StoredEntry> = {
      roots: roots[element],
      want() {
        known[element]?.rewind()
        const entries = entriesOf(house.repository, manifest)
        return environment.managed === null ? entries : withoutHistory(entries)
      },
      keep: (path, isDirectory) => exclude(path, isDirectory) !== null,
      keepPresent: (path) => !withConfig && secret.has(path),
      sameContent: async (wanted, current) => known[element]?.isSame(wanted, current) ?? threads.isSame(wanted, current.full),
      fetch: (jobs) => threads.write(jobs),
    }
    return [part]
  })
}

/** The history in the code archive of a managed site goes into its repository, never into a release. */
async function* withoutHistory(entries: AsyncIterable<StoredEntry>): AsyncGenerator<StoredEntry> {
  for await (const entry of entries) if (!/^\.git(\/|$)/.test(entry.path.toString())) yield entry
}

/**
 * The path of the journal of an apply, known before the apply is prepared: after a crash it is looked for there. Null where
 * no trees are restored.
 */
export function applyHome(environment: Environment, elements: readonly Element[], workName: string): string | null {
  const roots = rootsOf(environment)
  const chosen = (['code', 'files'] as const).filter((element) => elements.includes(element)).flatMap((element) => roots[element])
  const [first] = chosen.length === 0 ? [] : findGround(chosen).areas
  return first === undefined ? null : homeOf(first, workName)
}

/** A files directory that was deleted is named where it stood: the apply makes it again, and its undo takes it away. */
function rootsOf(environment: Environment): Record<TreeElement, TreeRoot[]> {
  return {
    code: [{ directory: codeRootOf(environment), at: '' }],
    files: filesRootsOf(environment),
  }
}

/** What reading and writing trees needs, opened for one pass of work and closed after it. */
export async function withTools<T>(
  house: House,
  environment: Environment,
  elements: readonly Element[],
  work: (tools: Pick<PartOptions, 'threads' | 'known'>) => Promise<T>,
): Promise<T> {
  const threads = openFileThreads(house.repository)
  const known: PartOptions['known'] = {}
  try {
    for (const element of ['code', 'files'] as const) {
      if (elements.includes(element)) known[element] = await openKnownContent(house, environment.id, element)
    }
    return await work({ threads, known })
  } finally {
    for (const opened of Object.values(known)) opened?.close()
    await threads.close()
  }
}
