import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { removeTree } from '../../src/base/files.ts'
import { newUlid } from '../../src/base/ids.ts'
import { newRepositoryKey } from '../../src/repository/keys.ts'
import { createRepository, type DiskRepository } from '../../src/repository/repository.ts'
import { openState, type State } from '../../src/state/open.ts'
import { type Postgres, startPostgres } from '../../src/state/postgres/start.ts'
import { makePhotos, makeTree, makeUploads } from './data.ts'

/** What a warm server has open, and a directory to work in. */
export class BenchHouse {
  /** Small data, each thing once: to see that everything runs, not how quickly */
  readonly quick: boolean
  readonly work: string
  readonly say: (line: string) => void
  readonly #postgres: Postgres
  readonly state: State
  #tree: Promise<string> | null = null
  #uploads: Promise<string> | null = null
  #photos: Promise<string> | null = null
  #count = 0

  private constructor(options: { quick: boolean; say: (line: string) => void }, work: string, postgres: Postgres, state: State) {
    this.quick = options.quick
    this.say = options.say
    this.work = work
    this.#postgres = postgres
    this.state = state
  }

  static async open(options: { quick: boolean; say: (line: string) => void }): Promise<BenchHouse> {
    const work = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
    chmodSync(work, 0o711) // the account of PostgreSQL has to pass
    const postgres = await startPostgres({ dataDirectory: join(work, 'pg'), log: () => {} })
    return new BenchHouse(options, work, postgres, await openState(postgres))
  }

  get stateServer(): { pid: number; socketDirectory: string; port: number } {
    return this.#postgres
  }

  /** How often what takes seconds is run, and what takes less */
  get rounds(): { long: number; short: number } {
    return this.quick ? { long: 1, short: 1 } : { long: 3, short: 5 }
  }

  /** A path in the work directory that nothing has */
  path(name: string): string {
    return join(this.work, `${name}-${++this.#count}`)
  }

  /** The WordPress with uploads that several groups read; nobody changes it. */
  tree(): Promise<string> {
    this.#tree ??= (async () => {
      const directory = this.path('site')
      mkdirSync(directory)
      this.say('making a WordPress with uploads')
      await makeTree(directory, this.quick ? 20 : 190)
      return directory
    })()
    return this.#tree
  }

  /** Uploads alone, of which releases have trees of their own: 180 MB in 3,700 files; nobody changes them. */
  uploads(): Promise<string> {
    this.#uploads ??= (async () => {
      const directory = this.path('uploads')
      mkdirSync(directory)
      this.say('making uploads')
      makeUploads(directory, this.quick ? 20 : 700)
      return directory
    })()
    return this.#uploads
  }

  /** Photos as people upload them, alone: 730 MB in 1,500 files; nobody changes them. */
  photos(): Promise<string> {
    this.#photos ??= (async () => {
      const directory = this.path('photos')
      mkdirSync(directory)
      this.say('making photos')
      makePhotos(directory, this.quick ? 10 : 220)
      return directory
    })()
    return this.#photos
  }

  /** An empty repository over an empty index. The one before is removed. */
  async newRepository(): Promise<DiskRepository> {
    await sql`truncate pack, chunk, pin, write_session, backup cascade`.execute(this.state.db)
    const directory = join(this.work, 'repository')
    removeTree(directory, this.work)
    return createRepository({ directory, db: this.state.db, key: newRepositoryKey(newUlid()), instance: 'bench' })
  }

  async close(): Promise<void> {
    await this.state.close()
    await this.#postgres.stop()
    removeTree(this.work, tmpdir())
  }
}
