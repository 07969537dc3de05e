import type { BenchHouse } from './house.ts'
import { type Figure, median } from './measure.ts'
import { type BenchRow, type Outcome, type RowGoal, rowOf } from './table.ts'

/** Rows that are measured together. `take` gives one outcome for each of `rows`, in their order. */
export interface Measurement {
  rows: readonly RowGoal[]
  take(house: BenchHouse): Promise<Outcome[]>
}

/** Runs one measurement; whatever goes wrong, each of its rows is in the result, skipped with the reason. */
export async function takeRows(measurement: Measurement, house: BenchHouse): Promise<BenchRow[]> {
  try {
    const outcomes = await measurement.take(house)
    return measurement.rows.map((goal, index) => rowOf(goal, outcomes[index] ?? { skipped: 'it was not measured' }))
  } catch (error) {
    const skipped = error instanceof Error ? error.message : String(error)
    house.say(error instanceof Error ? (error.stack ?? skipped) : skipped)
    return measurement.rows.map((goal) => rowOf(goal, { skipped }))
  }
}

/** Figures of things that are run by turns, by their names. */
export class Rounds {
  readonly #figures = new Map<string, Figure[]>()

  /** Each thing once in every round; every other round goes backwards, so that none always follows the same one. */
  async play(rounds: number, things: Record<string, () => Promise<Figure>>): Promise<void> {
    const names = Object.keys(things)
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const figure = await things[name]?.()
        if (figure !== undefined) this.add(name, figure)
      }
    }
  }

  add(name: string, figure: Figure): void {
    const figures = this.#figures.get(name) ?? []
    figures.push(figure)
    this.#figures.set(name, figures)
  }

  has(name: string): boolean {
    return this.#figures.has(name)
  }

  /** Medians in seconds */
  compare(ours: string, peer: string): Outcome {
    return { ours: this.#wall(ours), peer: this.#wall(peer), cpu: { ours: this.#cpu(ours), peer: this.#cpu(peer) } }
  }

  #wall(name: string): number {
    return median((this.#figures.get(name) ?? []).map((figure) => figure.wallMs)) / 1000
  }

  #cpu(name: string): number {
    return median((this.#figures.get(name) ?? []).map((figure) => figure.cpuMs)) / 1000
  }
}
