import { Failure } from '../base/failure.ts'
import { childEnd } from '../base/spawn.ts'
import { cancelled, type GitOptions, gitFailure, killOnAbort, lastWords, startGit } from './git.ts'
import { removeLeftovers } from './leftovers.ts'
import type { SiteRepository } from './siteRepository.ts'
import { writeBytes } from '../base/writeBytes.ts'

/** Takes the commands of a stream; waits while git is behind. */
export interface Feed {
  text(command: string): Promise<void>
  /** `data`, as git wants it: the length first. @throws {Failure} VERIFY_FAILED when the body has another length */
  data(lengthBytes: number, body: AsyncIterable<Buffer>, what: string): Promise<void>
}

const heldMax = 64 << 10
/** 67 MB of WordPress take 1.6 s of CPU and 21.8 MB; git's own level 2.7 s and 20.4 MB, the lowest 1.4 s and 22.8 MB */
const settings = [['pack.compression', '3']] as const

/**
 * Runs `git fast-import` on what `write` feeds it. Blobs above 16 MiB pass through without being held. When anything fails,
 * git is killed, no ref has moved, and what it wrote is removed.
 */
export async function fastImport(
  repository: SiteRepository,
  write: (feed: Feed) => Promise<void>,
  options: Pick<GitOptions, 'signal'> = {},
): Promise<void> {
  const args = ['fast-import', '--quiet', '--done', '--date-format=raw', '--depth=0']
  const child = startGit(repository, args, { ...options, settings, writes: true })
  const stop = killOnAbort(child, options.signal)
  const words = lastWords(child)
  child.stdout?.resume()
  const stdin = child.stdin
  if (stdin === null) throw new Error('fastImport: no input')
  stdin.on('error', () => {}) // told by the exit code
  const ended = childEnd(child).finally(stop)
  ended.catch(() => {})

  let held: Buffer[] = []
  let heldBytes = 0
  const flush = async (): Promise<void> => {
    if (heldBytes === 0) return
    const bytes = Buffer.concat(held)
    held = []
    heldBytes = 0
    if (!(await writeBytes(stdin, bytes))) throw new Ended()
  }
  const push = async (bytes: Buffer): Promise<void> => {
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes > heldMax) await flush()
  }
  const feed: Feed = {
    text: (command) => push(Buffer.from(command)),
    async data(lengthBytes, body, what) {
      await push(Buffer.from(`data ${lengthBytes}\n`))
      let seen = 0
      for await (const piece of body) {
        seen += piece.length
        if (seen > lengthBytes) break
        await push(piece)
      }
      if (seen !== lengthBytes) {
        throw new Failure(
          'VERIFY_FAILED',
          `Cannot commit "${what}": it has another length than the ${lengthBytes} bytes announced`,
        )
      }
      await push(Buffer.from('\n'))
    },
  }
  try {
    await write(feed)
    await feed.text('done\n')
    await flush()
    stdin.end()
    const end = await ended
    if (end.code !== 0) throw new Ended()
  } catch (error) {
    child.kill('SIGKILL')
    const end = await ended
    await removeLeftovers(repository)
    if (options.signal?.aborted) throw cancelled()
    throw error instanceof Ended ? gitFailure(args, end, words()) : error
  }
}

/** git ended before its input did: why stands in its exit code. */
class Ended extends Error {}
