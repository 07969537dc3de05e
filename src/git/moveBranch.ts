import { Failure } from '../base/failure.ts'
import { treeOf } from './commitTree.ts'
import { gitText } from './git.ts'
import { listRefs, moveRefs, readRef, type Ref } from './refs.ts'
import { messageText, type Signature, signatureEnvironment } from './signature.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'
import { keepTip, undoRef, undoRefs } from './undoRef.ts'

/**
 * Makes a commit on top of the branch that has the tree of an earlier one: history is kept, and nothing is lost. Under `undoId`
 * the old tip is kept in the same transaction, until `dropUndo`.
 *
 * @throws {Failure} CODE_MOVED, COMMIT_NOT_FOUND when the branch does not exist
 */
export async function revertTo(
  repository: SiteRepository,
  commit: string,
  options: { branch?: string; message: string; author: Signature; allowEmpty?: boolean; undoId?: string },
): Promise<{ kind: 'committed' | 'unchanged'; commit: string; parent: string }> {
  const branch = options.branch ?? defaultBranch
  const parent = await tipOf(repository, branch)
  const tree = await treeOf(repository, commit)
  if (tree === (await treeOf(repository, parent)) && !(options.allowEmpty ?? false)) {
    return { kind: 'unchanged', commit: parent, parent }
  }
  const made = await gitText(repository, ['commit-tree', tree, '-p', parent, '-F', '-'], {
    input: messageText(options.message),
    env: signatureEnvironment(options.author),
    writes: true,
  })
  const kept = await keepTip(repository, options.undoId, parent)
  await moveRefs(repository, [...kept, { ref: branch, from: parent, to: made }])
  return { kind: 'committed', commit: made, parent }
}

/**
 * Sets a branch to a commit; history after it is no longer in the branch. The old tip is kept under `undoId` in the same
 * transaction, until `dropUndo`.
 *
 * @param undoId letters and digits; one that is taken is refused
 * @throws {Failure} CODE_MOVED
 */
export async function resetTo(
  repository: SiteRepository,
  commit: string,
  options: { branch?: string; undoId: string },
): Promise<{ kind: 'moved' | 'unchanged'; commit: string; before: string }> {
  const branch = options.branch ?? defaultBranch
  const before = await tipOf(repository, branch)
  if (before === commit) return { kind: 'unchanged', commit, before }
  await moveRefs(repository, [
    { ref: undoRef(options.undoId), from: null, to: before },
    { ref: branch, from: before, to: commit },
  ])
  return { kind: 'moved', commit, before }
}

/** The commit that a move of a branch left, or null when it was dropped or never was. */
export function undoTip(repository: SiteRepository, undoId: string): Promise<string | null> {
  return readRef(repository, undoRef(undoId))
}

/** All kept tips; the ids are in `name` without the prefix. */
export async function listUndos(repository: SiteRepository): Promise<{ undoId: string; commit: string }[]> {
  const refs: Ref[] = await listRefs(repository, [undoRefs])
  return refs.map(({ name, commit }) => ({ undoId: name.slice(undoRefs.length), commit }))
}

/** Forgets a kept tip; harmless when it is gone. */
export async function dropUndo(repository: SiteRepository, undoId: string): Promise<void> {
  const from = await undoTip(repository, undoId)
  if (from !== null) await moveRefs(repository, [{ ref: undoRef(undoId), from, to: null }])
}

async function tipOf(repository: SiteRepository, branch: string): Promise<string> {
  const tip = await readRef(repository, branch)
  if (tip === null) throw new Failure('COMMIT_NOT_FOUND', `Cannot find the branch "${branch}": it has no commit yet`)
  return tip
}
