import { Failure } from '../base/failure.ts'
import { readRef, type RefMove } from './refs.ts'
import type { SiteRepository } from './siteRepository.ts'

/** Tips that a move of a branch left, so that they can be brought back; below it no client of the repository sees anything. */
export const undoRefs = 'refs/cairn/undo/'

/** @param undoId letters and digits */
export function undoRef(undoId: string): string {
  if (!/^[0-9A-Za-z]{1,64}$/.test(undoId))
    throw new Failure('INPUT_INVALID', `Cannot name an undo "${undoId}": letters and digits`)
  return undoRefs + undoId
}

/** Keeps where a branch was, in the transaction that moves it; nothing to keep of a branch that was not there. */
export async function keepTip(repository: SiteRepository, undoId: string | undefined, tip: string | null): Promise<RefMove[]> {
  if (undoId === undefined || tip === null) return []
  const ref = undoRef(undoId)
  return [{ ref, from: await readRef(repository, ref), to: tip }]
}
