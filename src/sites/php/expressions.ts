import { dirname } from 'node:path'
import { assign } from './assign.ts'
import { environmentValue, serverValue } from './environment.ts'
import { callFunction } from './call.ts'
import { type Machine, PhpExit } from './machine.ts'
import { mergeStates, type PhpState } from './state.ts'
import type { Expression } from './syntax.ts'
import { isKnown, isLoose, isSame, type PhpArray, type PhpValue, toBoolean, toKey, toNumber, toText, Unknown } from './values.ts'

/** The value of an expression, with what it sets set. Never throws but for `exit` and for a script without an end. */
export function evaluate(machine: Machine, expression: Expression): PhpValue {
  if (--machine.stepsLeft < 0) throw new RangeError('the configuration computes too much')
  const { line } = expression
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'template':
      return joinTexts(expression.parts.map((part) => evaluate(machine, part)))
    case 'variable':
      return variableValue(machine, expression.name)
    case 'constant':
      return constantValue(machine, expression.name, line)
    case 'index':
      return indexValue(machine, expression)
    case 'array':
      return arrayValue(machine, expression.items)
    case 'call':
      return callFunction(machine, expression)
    case 'unary':
      return unaryValue(expression.op, evaluate(machine, expression.of))
    case 'cast':
      return castValue(expression.to, evaluate(machine, expression.of))
    case 'binary':
      return binaryValue(machine, expression)
    case 'ternary': {
      const test = evaluate(machine, expression.test)
      const isTrue = toBoolean(test)
      if (isTrue === true) return expression.ifTrue === null ? test : evaluate(machine, expression.ifTrue)
      if (isTrue === false) return evaluate(machine, expression.otherwise)
      const { ifTrue, otherwise } = expression
      const values = either(
        machine,
        [() => (ifTrue === null ? test : evaluate(machine, ifTrue)), () => evaluate(machine, otherwise)],
        isTrue.reason,
      )
      const [first = null, second = first] = values
      return isSame(first, second) ? first : isTrue
    }
    case 'assign':
      return assign(machine, expression)
    case 'isset':
      return all(expression.of.map((of) => isSet(machine, of)))
    case 'empty': {
      const set = isSet(machine, expression.of)
      return set === false ? true : unaryValue('!', evaluate(machine, expression.of))
    }
    case 'include': {
      const path = toText(evaluate(machine, expression.path))
      if (path instanceof Unknown) {
        machine.notes.push(`line ${line}: a file is included whose name is not known (${path.reason})`)
        return new Unknown(`line ${line}: includes a file whose name is not known`)
      }
      return machine.include(path, expression.once, line)
    }
    case 'exit':
      throw new PhpExit()
    case 'opaque':
      for (const inside of expression.inside) evaluate(machine, inside)
      return new Unknown(`line ${line}: ${expression.what} is not evaluated`)
  }
}

/** Runs what may happen one beside the other and keeps what they agree on; gives the values of those that did not end the script. */
function either(machine: Machine, paths: (() => PhpValue)[], reason: string): PhpValue[] {
  const before = machine.state
  const states: PhpState[] = []
  const values: PhpValue[] = []
  for (const path of paths) {
    machine.state = before.fork()
    try {
      values.push(path())
      states.push(machine.state)
    } catch (error) {
      if (!(error instanceof PhpExit)) throw error
    }
  }
  machine.state = before
  if (states.length === 0) throw new PhpExit()
  before.become(mergeStates(states, reason))
  return values
}

function joinTexts(values: PhpValue[]): PhpValue {
  const texts = values.map(toText)
  return texts.find((value) => value instanceof Unknown) ?? texts.join('')
}

function variableValue(machine: Machine, name: string): PhpValue {
  if (name === '_SERVER' || name === '_ENV' || name === 'GLOBALS') return new Unknown(`$${name} as a whole`)
  return machine.state.variables.get(name) ?? null
}

function constantValue(machine: Machine, name: string, line: number): PhpValue {
  switch (name.toUpperCase()) {
    case 'TRUE':
      return true
    case 'FALSE':
      return false
    case 'NULL':
      return null
    case '__DIR__':
      return dirname(machine.file)
    case '__FILE__':
      return machine.file
    case '__LINE__':
      return line
    case 'DIRECTORY_SEPARATOR':
      return '/'
    case 'PHP_EOL':
      return '\n'
    default:
      return (
        machine.state.constants.get(name) ?? new Unknown(`line ${line}: the constant "${name}" is not set in the configuration`)
      )
  }
}

function indexValue(machine: Machine, expression: Extract<Expression, { kind: 'index' }>): PhpValue {
  const key = expression.key === null ? new Unknown('an index without a key') : evaluate(machine, expression.key)
  if (!isKnown(key)) return key
  const name = toKey(key)
  if (expression.of.kind === 'variable') {
    const whole = expression.of.name
    if (whole === 'GLOBALS') return machine.state.variables.get(name) ?? null
    if (whole === '_SERVER' || whole === '_ENV') {
      const own = machine.state.variables.get(whole)
      const set = own instanceof Map ? own.get(name) : undefined
      return set ?? (whole === '_ENV' ? environmentValue(machine, name, null) : serverValue(machine, name))
    }
  }
  const of = evaluate(machine, expression.of)
  if (of instanceof Unknown) return of
  if (of instanceof Map) return of.get(name) ?? null
  return typeof of === 'string' && /^-?\d+$/.test(name) ? (of.at(Number(name)) ?? '') : null
}

function arrayValue(machine: Machine, items: { key: Expression | null; value: Expression }[]): PhpValue {
  const array: PhpArray = new Map()
  let next = 0
  for (const item of items) {
    const key = item.key === null ? next : evaluate(machine, item.key)
    if (!isKnown(key)) return key
    const name = toKey(key)
    if (/^\d+$/.test(name)) next = Math.max(next, Number(name) + 1)
    array.set(name, evaluate(machine, item.value))
  }
  return array
}

/** Whether `isset()` holds: null and absent are not set. */
function isSet(machine: Machine, of: Expression): PhpValue {
  if (of.kind === 'constant') return new Unknown('isset() of a constant')
  const value = evaluate(machine, of)
  return value instanceof Unknown ? value : value !== null
}

function all(values: PhpValue[]): PhpValue {
  if (values.includes(false)) return false
  return values.find((value) => value instanceof Unknown) ?? true
}

function unaryValue(op: string, value: PhpValue): PhpValue {
  if (op === '!') {
    const isTrue = toBoolean(value)
    return isTrue instanceof Unknown ? isTrue : !isTrue
  }
  const number = toNumber(value)
  if (number instanceof Unknown) return number
  return op === '-' ? -number : op === '+' ? number : new Unknown(`"${op}" is not evaluated`)
}

function castValue(to: string, value: PhpValue): PhpValue {
  if (to === 'string' || to === 'binary') return toText(value)
  if (to.startsWith('bool')) return toBoolean(value)
  if (to.startsWith('int')) {
    const number = toNumber(value)
    return number instanceof Unknown ? number : Math.trunc(number)
  }
  if (to === 'float' || to === 'double') return toNumber(value)
  if (to === 'array' && value instanceof Map) return value
  return new Unknown(`a cast to ${to} is not evaluated`)
}

export function binaryValue(
  machine: Machine,
  { op, left: first, right: second, line }: Extract<Expression, { kind: 'binary' }>,
): PhpValue {
  const left = evaluate(machine, first)
  if (op === '??') {
    if (left instanceof Unknown) return left
    return left ?? evaluate(machine, second)
  }
  if (op === '&&' || op === 'and' || op === '||' || op === 'or') {
    const decides = op === '||' || op === 'or'
    const one = toBoolean(left)
    if (one === decides) return decides
    if (!(one instanceof Unknown)) return toBoolean(evaluate(machine, second))
    const [two] = either(machine, [() => evaluate(machine, second), () => null], one.reason)
    return two !== undefined && toBoolean(two) === decides ? decides : one
  }
  const right = evaluate(machine, second)
  if (op === '.') return joinTexts([left, right])
  if (left instanceof Unknown) return left
  if (right instanceof Unknown) return right
  switch (op) {
    case '===':
      return isSame(left, right)
    case '!==':
      return !isSame(left, right)
    case '==':
      return isLoose(left, right)
    case '!=':
      return !isLoose(left, right)
    case 'xor':
      return toBoolean(left) !== toBoolean(right)
    default:
      return arithmetic(op, toNumber(left), toNumber(right), line)
  }
}

function arithmetic(op: string, left: number | Unknown, right: number | Unknown, line: number): PhpValue {
  if (left instanceof Unknown) return left
  if (right instanceof Unknown) return right
  switch (op) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '|':
      return left | right
    case '&':
      return left & right
    case '<':
      return left < right
    case '>':
      return left > right
    case '<=':
      return left <= right
    case '>=':
      return left >= right
    default:
      return new Unknown(`line ${line}: "${op}" is not evaluated`)
  }
}
