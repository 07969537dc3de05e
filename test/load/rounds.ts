import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { writeFileDurably } from '../../src/base/files.ts'
import { type Chance, chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { amount, isSoak, seedOr } from '../soak.ts'

export interface Rounds {
  seed: number
  count: number
  /** Those that have not been run, each with chances of its own; one that is cut short is run again by the next call */
  left(): Generator<{ number: number; chance: Chance }>
  /** All have passed: the next run begins with the first */
  finish(): void
}

/**
 * Seeded rounds of a test: few in `script/test`, many in the soak, where the number of the next round is kept in a file and an
 * interrupted soak goes on from there. `CAIRN_SEED` chooses the seed; it is printed.
 */
export function openRounds(name: string, { few, many }: { few: number; many: number }): Rounds {
  const folder = join(tmpdir(), `cairn-soak-${userInfo().uid}`)
  const file = join(folder, `${name}.json`)
  const kept = isSoak ? read(file) : null
  const seed = seedOr(kept?.seed ?? Math.floor(Date.now() / 1000) % 1e9)
  const first = kept?.seed === seed ? kept.next : 0
  const count = amount({ few, many })
  console.log(`${name}: seed ${seed}, rounds ${first} to ${count - 1}`)
  const keep = (next: number): void => {
    if (!isSoak) return
    mkdirSync(folder, { recursive: true })
    writeFileDurably(file, JSON.stringify({ seed, next }))
  }
  return {
    seed,
    count,
    *left() {
      for (let number = first; number < count; number++) {
        keep(number)
        const chance = chanceOf(seed * 7919 + number * 104_729)
        for (let i = 0; i < 8; i++) chance.fraction() // neighbouring seeds begin alike
        yield { number, chance }
      }
    },
    finish: () => rmSync(file, { force: true }),
  }
}

function read(file: string): { seed: number; next: number } | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { seed: number; next: number }
  } catch {
    return null
  }
}
