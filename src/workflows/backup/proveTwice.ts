import { Failure, isErrno } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import type { Proof } from './prove.ts'

/**
 * Proves, and where that finds damage proves once more: a read that went wrong once says nothing about what is stored, and a
 * backup that is whole must not be lost for it. The warning says that there was such a read, for it is the disk or the memory
 * of this machine, or a fault of ours.
 *
 * @throws what the second proof finds
 */
export async function proveTwice(element: Element, run: Run, prove: () => Promise<Proof>): Promise<Proof> {
  try {
    return await prove()
  } catch (error) {
    if (!isDamage(error)) throw error
    const proof = await prove()
    run.warn({
      code: 'PROOF_REPEATED',
      element,
      message: `A first reading of the ${element} archive failed ("${error.message}"), a second one found it whole: check the memory and the disk of this machine`,
      path: null,
    })
    return proof
  }
}

/** What says that the stored bytes are wrong; anything else (a full disk, a cancel) says nothing about the backup. */
export function isDamage(error: unknown): error is Failure {
  const codes = ['VERIFY_FAILED', 'CHUNK_DAMAGED', 'CHUNK_MISSING', 'MANIFEST_DAMAGED', 'ARCHIVE_DAMAGED']
  if (error instanceof Failure) return codes.includes(error.code)
  return isErrno(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR')
}
