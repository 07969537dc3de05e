import type { FunctionDeclaration } from './syntax.ts'
import { isSame, type PhpValue, Unknown } from './values.ts'

/** What the script has set so far. Forked where a condition is not known, and merged again behind it. */
export class PhpState {
  constants = new Map<string, PhpValue>()
  variables = new Map<string, PhpValue>()
  functions = new Map<string, FunctionDeclaration>()
  /** Returned under a condition that is not known: a value that the function may have */
  mayReturn: PhpValue[] = []

  fork(): PhpState {
    const copy = new PhpState()
    copy.constants = new Map(this.constants)
    copy.variables = new Map(this.variables)
    copy.functions = new Map(this.functions)
    copy.mayReturn = [...this.mayReturn]
    return copy
  }

  become(other: PhpState): void {
    this.constants = other.constants
    this.variables = other.variables
    this.functions = other.functions
    this.mayReturn = other.mayReturn
  }

  /** PHP keeps the first value that a constant got. */
  define(name: string, value: PhpValue): void {
    const held = this.constants.get(name)
    if (held === undefined) this.constants.set(name, value)
    else if (held instanceof Unknown && held.maybe) this.constants.set(name, new Unknown(held.reason))
  }
}

/** One state for several that may hold: what differs among them is not known any more. */
export function mergeStates(states: PhpState[], reason: string): PhpState {
  const [first = new PhpState(), ...others] = states
  const merged = first.fork()
  merged.constants = mergeMaps(
    [first, ...others].map(({ constants }) => constants),
    reason,
  )
  merged.variables = mergeMaps(
    [first, ...others].map(({ variables }) => variables),
    reason,
  )
  for (const other of others) {
    for (const [name, declared] of other.functions) if (!merged.functions.has(name)) merged.functions.set(name, declared)
    merged.mayReturn.push(...other.mayReturn.filter((value) => !merged.mayReturn.includes(value)))
  }
  return merged
}

function mergeMaps(maps: Map<string, PhpValue>[], reason: string): Map<string, PhpValue> {
  const merged = new Map<string, PhpValue>()
  for (const name of new Set(maps.flatMap((map) => [...map.keys()]))) {
    const values = maps.map((map) => map.get(name))
    const [first] = values
    const isEverywhere = values.every((value) => value !== undefined)
    const alike = first !== undefined && values.every((value) => value !== undefined && (value === first || isSame(first, value)))
    if (alike) merged.set(name, first)
    else {
      const known = values.find((value) => value instanceof Unknown)
      merged.set(
        name,
        new Unknown(known instanceof Unknown ? known.reason : reason, !isEverywhere || (known instanceof Unknown && known.maybe)),
      )
    }
  }
  return merged
}
