import { Failure } from '../base/failure.ts'
import { childEnd } from '../base/spawn.ts'
import { byteReader, takeWhole } from './byteReader.ts'
import { cancelled, type GitOptions, gitFailure, killOnAbort, lastWords, startGit } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface Blob<T> {
  wanted: T
  sizeBytes: number
  /** To be read before the next blob is asked for; what is left of it is skipped */
  body: AsyncIterable<Buffer>
}

const aheadMax = 500

/**
 * The contents of many blobs, in the order asked for, from one `git cat-file`. As stored: no line ends, filters or
 * attributes. git verifies each against its id while it reads.
 *
 * @throws {Failure} GIT_FAILED when an object is missing or damaged
 */
export async function* readBlobs<T extends { id: string }>(
  repository: SiteRepository,
  wanted: AsyncIterable<T>,
  options: Pick<GitOptions, 'signal'> = {},
): AsyncGenerator<Blob<T>> {
  const args = ['cat-file', '--batch']
  const child = startGit(repository, args, options)
  const stop = killOnAbort(child, options.signal)
  const words = lastWords(child)
  const ended = childEnd(child).finally(stop)
  ended.catch(() => {})
  const stdin = child.stdin
  if (stdin === null || child.stdout === null) throw new Error('readBlobs: no pipes')
  stdin.on('error', () => {}) // told by the exit code
  const reader = byteReader(child.stdout)
  const source = wanted[Symbol.asyncIterator]()
  let isDone = false
  try {
    while (!isDone) {
      // so many at a time that neither pipe can fill up while the other side waits
      const batch: T[] = []
      while (batch.length < aheadMax) {
        const next = await source.next()
        if (next.done === true) {
          isDone = true
          break
        }
        batch.push(next.value)
      }
      stdin.write(batch.map(({ id }) => `${id}\n`).join(''))
      if (isDone) stdin.end()
      for (const item of batch) yield* readOne(item)
    }
    const end = await ended
    if (end.code !== 0) throw gitFailure(args, end, words())
  } catch (error) {
    child.kill('SIGKILL')
    const end = await ended
    if (options.signal?.aborted) throw cancelled()
    throw error instanceof Cut ? gitFailure(args, end, words()) : error
  } finally {
    child.kill('SIGKILL')
    await source.return?.()
  }

  async function* readOne(item: T): AsyncGenerator<Blob<T>> {
    const line = (await reader.line())?.toString()
    if (line === undefined) throw new Cut()
    const [, type, size] = line.split(' ')
    if (type !== 'blob') {
      throw new Failure('GIT_FAILED', `Cannot read object ${item.id} of the site's repository: it is ${type ?? 'unreadable'}`)
    }
    const sizeBytes = Number(size)
    let left = sizeBytes
    yield { wanted: item, sizeBytes, body: count(reader.take(sizeBytes)) }
    for await (const piece of reader.take(left)) left -= piece.length
    if (left > 0 || (await takeWhole(reader, 1))[0] !== 0x0a) throw new Cut()

    async function* count(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of pieces) {
        left -= piece.length
        yield piece
      }
      if (left > 0) throw new Cut()
    }
  }
}

/** The answer ended in the middle: why stands in the exit code. */
class Cut extends Error {}
