import { gunzip } from './gunzip.ts'
import { openFileAccess, streamOf } from './randomAccess.ts'
import { ofArchive } from './refuse.ts'
import { headBytes, type Recognised, recogniseArchive } from './recognise.ts'
import { readForeignTar } from './readForeignTar.ts'
import { readForeignZip } from './readForeignZip.ts'
import { type ForeignLimits, foreignLimits, type ForeignMember, type ForeignOptions } from './types.ts'

/** A file from outside, recognised by its content. */
export interface ForeignFile extends Recognised {
  name: string
  sizeBytes: number
  /** The members of an archive, each time from the beginning. @throws {Failure} ARCHIVE_DAMAGED */
  members(options: ForeignOptions): AsyncGenerator<ForeignMember, void, undefined>
  /** The text of a dump. @throws {Failure} ARCHIVE_DAMAGED */
  text(limits?: ForeignLimits): AsyncGenerator<Buffer, void, undefined>
  close(): Promise<void>
}

/**
 * @param name for sentences
 * @throws {Failure} ARCHIVE_REFUSED for a file that is of no known kind
 */
export async function openForeignFile(path: string, name: string): Promise<ForeignFile> {
  const access = await openFileAccess(path)
  try {
    const recognised = recogniseArchive(await access.read(0, headBytes), name)
    const { kind, gzip } = recognised
    const plain = (limits: ForeignLimits) => (gzip ? gunzip(streamOf(access), limits) : streamOf(access))
    const wrong = (): never => {
      throw new Error(`openForeignFile: "${name}" is ${kind}`)
    }
    return {
      ...recognised,
      name,
      sizeBytes: access.sizeBytes,
      members: (options) => {
        if (kind === 'sql') return wrong()
        return kind === 'zip' ? readForeignZip(access, options) : readForeignTar(plain(options.limits), options)
      },
      text: (limits = foreignLimits) => (kind === 'sql' ? textOf(plain(limits), name) : wrong()),
      close: () => access.close(),
    }
  } catch (error) {
    await access.close()
    throw error
  }
}

async function* textOf(parts: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* parts
  } catch (error) {
    throw ofArchive(error, name)
  }
}
