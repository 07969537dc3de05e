import type { Machine } from './machine.ts'
import type { Expression } from './syntax.ts'
import { isKnown, type PhpArray, type PhpValue, toKey, Unknown } from './values.ts'

/** What an assignment leaves behind: the new value, stored where that place can be told. */
export function assign(machine: Machine, { target, op, value: source, line }: Extract<Expression, { kind: 'assign' }>): PhpValue {
  if (op === '??') {
    const held = machine.evaluate(target)
    if (isKnown(held) && held !== null) return held
    if (held instanceof Unknown) return store(machine, target, held)
    return store(machine, target, machine.evaluate(source))
  }
  const value = machine.evaluate(op === '' ? source : { kind: 'binary', op, left: target, right: source, line })
  return store(machine, target, value)
}

function store(machine: Machine, target: Expression, value: PhpValue): PhpValue {
  const { variables } = machine.state
  if (target.kind === 'variable') {
    variables.set(target.name, value)
  } else if (target.kind === 'index') {
    storeIndex(machine, target, value)
  } else if (target.kind === 'array') {
    for (const item of target.items) store(machine, item.value, new Unknown('a list assignment is not evaluated'))
  }
  return value
}

function storeIndex(machine: Machine, { of, key }: Extract<Expression, { kind: 'index' }>, value: PhpValue): void {
  const index = key === null ? null : machine.evaluate(key)
  if (of.kind === 'variable' && of.name === 'GLOBALS' && index !== null && isKnown(index)) {
    machine.state.variables.set(toKey(index), value)
    return
  }
  const isRequest = of.kind === 'variable' && (of.name === '_SERVER' || of.name === '_ENV')
  const held = isRequest
    ? (machine.state.variables.get(of.name) ?? null)
    : of.kind === 'opaque'
      ? new Unknown('an object')
      : machine.evaluate(of)
  if (held instanceof Unknown || (index !== null && !isKnown(index))) {
    if (!isRequest) store(machine, of, held instanceof Unknown ? held : new Unknown('an array with a key that is not known'))
    return
  }
  const array: PhpArray = new Map(held instanceof Map ? held : [])
  array.set(index === null ? String(array.size) : toKey(index), value)
  if (isRequest) machine.state.variables.set(of.name, array)
  else store(machine, of, array)
}
