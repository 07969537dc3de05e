import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, sqlErrno } from './connect.ts'
import { type SessionSettings, settingStatement } from './session.ts'

/** Bytes sent before their answer came: the server never waits for us, and memory stays at some megabytes. */
const pendingBytesMax = 3 << 20
const retriesMax = 5

/** One connection of the loader: statements go out in order, answers come later, the first error is kept. */
export class Lane {
  readonly #wire: Database
  #applied = ''
  #pending = new Set<Promise<void>>()
  #pendingBytes = 0
  #failure: unknown = null

  constructor(wire: Database) {
    this.#wire = wire
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  async apply(settings: SessionSettings, word: (error: unknown) => unknown): Promise<void> {
    const statement = settingStatement(settings)
    if (statement === this.#applied) return
    this.#applied = statement
    await this.send(Buffer.from(statement), word)
  }

  /** Returns once the statement is on its way; `onDone` hears the number of rows. Throws what an earlier one failed with. */
  async send(sql: Buffer, word: (error: unknown) => unknown, onDone: (affectedRows: number) => void = () => {}): Promise<void> {
    while (this.#pendingBytes > 0 && this.#pendingBytes + sql.length > pendingBytesMax) await Promise.race(this.#pending)
    if (this.#failure !== null) throw this.#failure
    this.#pendingBytes += sql.length
    const done: Promise<void> = this.#run(sql.toString('latin1'))
      .then(onDone, (error: unknown) => void (this.#failure ??= word(error)))
      .finally(() => {
        this.#pendingBytes -= sql.length
        this.#pending.delete(done)
      })
    this.#pending.add(done)
  }

  async idle(): Promise<void> {
    await Promise.all(this.#pending)
    if (this.#failure !== null) throw this.#failure
  }

  async close(): Promise<void> {
    await this.#wire.close()
  }

  async #run(sql: string): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.#wire.run(sql)).affectedRows
      } catch (error) {
        // each statement is its own transaction, and a deadlock or a lock timeout has undone it whole
        if (![1205, 1213].includes(sqlErrno(error) ?? 0) || tries > retriesMax) throw error
        await sleep(50 * tries)
      }
    }
  }
}
