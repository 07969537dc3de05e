import { functions } from './functions.ts'
import type { Machine } from './machine.ts'
import { runFunction } from './run.ts'
import type { Expression } from './syntax.ts'
import { isKnown, type PhpValue, toText, Unknown } from './values.ts'

type Call = Extract<Expression, { kind: 'call' }>

/** Functions that write to the variables they are given. */
const writers =
  /^(?:extract|parse_str|settype|preg_match(?:_all)?|array_(?:push|unshift|pop|shift|splice|walk.*|multisort)|[a-z]*sort|end|reset|exec)$/

export function callFunction(machine: Machine, call: Call): PhpValue {
  const { name, line } = call
  const own = machine.state.functions.get(name)
  const args = call.args.map((arg) => machine.evaluate(arg))
  if (name === 'define') return define(machine, args, line)
  if (name === 'defined') return defined(machine, args)
  if (own !== undefined) return runFunction(machine, own, args)
  const known = functions[name]
  const unknown = args.find((arg) => arg instanceof Unknown)
  if (known !== undefined) return unknown ?? known(args.filter(isKnown), machine, line)
  touch(machine, call)
  return new Unknown(`line ${line}: ${name}() is not evaluated`)
}

function define(machine: Machine, [name, value]: PhpValue[], line: number): PhpValue {
  const constant = toText(name ?? null)
  if (constant instanceof Unknown) {
    machine.notes.push(`line ${line}: a constant is set whose name is not known`)
    return constant
  }
  machine.state.define(constant, value instanceof Unknown ? new Unknown(value.reason) : (value ?? null))
  return true
}

function defined(machine: Machine, [name]: PhpValue[]): PhpValue {
  const constant = toText(name ?? null)
  if (constant instanceof Unknown) return constant
  const value = machine.state.constants.get(constant)
  if (value instanceof Unknown && value.maybe) return value
  return value !== undefined
}

function touch(machine: Machine, { name, args, line }: Call): void {
  const { variables } = machine.state
  const reason = new Unknown(`line ${line}: ${name}() may have changed it`)
  if (name === 'extract') for (const variable of variables.keys()) variables.set(variable, reason)
  if (name === 'eval') machine.notes.push(`line ${line}: eval() is not evaluated`)
  for (const arg of args) {
    if (arg.kind === 'variable' && (writers.test(name) || !variables.has(arg.name))) variables.set(arg.name, reason)
  }
}
