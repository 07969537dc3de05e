import { Failure } from '../../base/failure.ts'
import type { ChunkLocation, Manifest, ManifestRef, Repository } from '../../repository/types.ts'

export interface Previous {
  ref: ManifestRef
  manifest: Manifest
}

export interface LocatedPrevious extends Previous {
  /** One for each page */
  locations: ChunkLocation[]
}

/** Finds the pages of the manifest before. Null where some are lost: then everything is read, which mends it. */
export async function previousOf(repository: Repository, previous: Previous | null): Promise<LocatedPrevious | null> {
  if (previous === null) return null
  try {
    return { ...previous, locations: await repository.locate(previous.manifest.pages.map((page) => page.ref)) }
  } catch (error) {
    if (error instanceof Failure && error.code === 'CHUNK_MISSING') return null
    throw error
  }
}
