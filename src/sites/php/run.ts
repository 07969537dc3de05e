import { type Machine, PhpExit } from './machine.ts'
import { mergeStates, type PhpState } from './state.ts'
import type { FunctionDeclaration, Statement } from './syntax.ts'
import { isKnown, isLoose, isSame, type PhpValue, toBoolean, Unknown } from './values.ts'

/** How a list of statements ended; `return` carries its value. */
export type Ending = { kind: 'next' } | { kind: 'jump' } | { kind: 'exit' } | { kind: 'return'; value: PhpValue }
const next: Ending = { kind: 'next' }

export function runStatements(machine: Machine, statements: Statement[]): Ending {
  for (const statement of statements) if (statement.kind === 'function') declare(machine, statement.declared)
  for (const statement of statements) {
    const ending = runStatement(machine, statement)
    if (ending.kind !== 'next') return ending
  }
  return next
}

function runStatement(machine: Machine, statement: Statement): Ending {
  const { line } = statement
  switch (statement.kind) {
    case 'expression':
      try {
        machine.evaluate(statement.of)
      } catch (error) {
        if (error instanceof PhpExit) return { kind: 'exit' }
        throw error
      }
      return next
    case 'block':
      return runStatements(machine, statement.body)
    case 'if':
      return runIf(machine, statement, 0)
    case 'foreach':
      return runForeach(machine, statement)
    case 'loop':
      return runPaths(machine, [() => runStatements(machine, statement.body), () => next], `line ${line}: is set in a loop`, true)
    case 'switch':
      return runSwitch(machine, statement)
    case 'return':
      return { kind: 'return', value: statement.value === null ? null : machine.evaluate(statement.value) }
    case 'jump':
      return { kind: 'jump' }
    case 'function':
      return next
    case 'unset':
      for (const target of statement.targets) if (target.kind === 'variable') machine.state.variables.delete(target.name)
      return next
    case 'opaque': {
      const { constants, variables } = machine.state
      for (const name of statement.variables)
        variables.set(name, new Unknown(`line ${line}: a statement there is not understood`))
      for (const name of statement.strings) {
        if (/^[A-Z][A-Z0-9_]+$/.test(name) && !constants.has(name)) {
          constants.set(name, new Unknown(`line ${line}: a statement there is not understood`, true))
        }
      }
      return next
    }
  }
}

function declare(machine: Machine, declared: FunctionDeclaration): void {
  if (!machine.state.functions.has(declared.name)) machine.state.functions.set(declared.name, declared)
}

function runIf(machine: Machine, statement: Extract<Statement, { kind: 'if' }>, index: number): Ending {
  const branch = statement.branches[index]
  if (branch === undefined) return statement.otherwise === null ? next : runStatements(machine, statement.otherwise)
  const test = toBoolean(machine.evaluate(branch.test))
  if (test === true) return runStatements(machine, branch.body)
  if (test === false) return runIf(machine, statement, index + 1)
  const paths = [() => runStatements(machine, branch.body), () => runIf(machine, statement, index + 1)]
  return runPaths(machine, paths, test.reason, false)
}

/**
 * Runs what may happen one beside the other, and keeps what they agree on. A path that ends the script is none that a running
 * site takes; one that returns leaves its value as a possible one.
 */
function runPaths(machine: Machine, paths: (() => Ending)[], reason: string, isLoop: boolean): Ending {
  const before = machine.state
  const results: { state: PhpState; ending: Ending }[] = []
  for (const path of paths) {
    machine.state = before.fork()
    const ending = path()
    if (ending.kind !== 'exit') results.push({ state: machine.state, ending })
  }
  machine.state = before
  if (results.length === 0) return { kind: 'exit' }
  const merged = mergeStates(
    results.map(({ state }) => state),
    reason,
  )
  before.become(merged)
  const returns = results.flatMap(({ ending }) => (ending.kind === 'return' ? [ending.value] : []))
  if (returns.length === results.length) return { kind: 'return', value: mergeReturns(returns) }
  before.mayReturn.push(...returns)
  return !isLoop && results.every(({ ending }) => ending.kind === 'jump') ? { kind: 'jump' } : next
}

function runForeach(machine: Machine, statement: Extract<Statement, { kind: 'foreach' }>): Ending {
  const { line, body } = statement
  const over = machine.evaluate(statement.over)
  const { variables } = machine.state
  if (!(over instanceof Map)) {
    const reason = over instanceof Unknown ? over.reason : `line ${line}: a loop over what is no array`
    for (const name of [statement.key, statement.value]) if (name !== null) variables.set(name, new Unknown(reason))
    return runPaths(machine, [() => runStatements(machine, body), () => next], reason, true)
  }
  for (const [key, value] of over) {
    if (statement.key !== null) machine.state.variables.set(statement.key, key)
    if (statement.value !== null) machine.state.variables.set(statement.value, value)
    const ending = runStatements(machine, body)
    if (ending.kind === 'return' || ending.kind === 'exit') return ending
  }
  return next
}

function runSwitch(machine: Machine, statement: Extract<Statement, { kind: 'switch' }>): Ending {
  const of = machine.evaluate(statement.of)
  const tests = statement.cases.map(({ test }) => (test === null ? null : machine.evaluate(test)))
  const from = (index: number): Ending => {
    const ending = runStatements(
      machine,
      statement.cases.slice(index).flatMap(({ body }) => body),
    )
    return ending.kind === 'jump' ? next : ending
  }
  const byDefault = tests.indexOf(null)
  const unknown = [of, ...tests].find((value) => value instanceof Unknown)
  if (unknown instanceof Unknown) {
    const paths = statement.cases.map((_, index) => () => from(index))
    return runPaths(machine, byDefault < 0 ? [...paths, () => next] : paths, unknown.reason, false)
  }
  const matching = tests.findIndex(
    (test) => test !== null && isKnown(test) && isKnown(of) && (isSame(test, of) || isLoose(test, of)),
  )
  const index = matching < 0 ? byDefault : matching
  return index < 0 ? next : from(index)
}

/** Calls a function that the configuration declares itself. Its variables are its own, constants are everybody's. */
export function runFunction(machine: Machine, declared: FunctionDeclaration, args: PhpValue[]): PhpValue {
  if (machine.depth > 50) return new Unknown(`${declared.name}() calls itself too often`)
  const outer = machine.state
  const inner = outer.fork()
  const own = outer.variables.get('putenv')
  inner.variables = new Map(own === undefined ? [] : [['putenv', own]])
  inner.mayReturn = []
  machine.state = inner
  machine.depth += 1
  try {
    declared.parameters.forEach(({ name, byDefault }, index) => {
      inner.variables.set(name, args[index] ?? (byDefault === null ? null : machine.evaluate(byDefault)))
    })
    const ending = runStatements(machine, declared.body)
    const last = ending.kind === 'return' ? [ending.value] : ending.kind === 'exit' ? [] : [null]
    return mergeReturns([...machine.state.mayReturn, ...last])
  } finally {
    outer.constants = machine.state.constants
    outer.functions = machine.state.functions
    machine.state = outer
    machine.depth -= 1
  }
}

/** What a function may give back, when it returned under conditions that are not known. */
function mergeReturns(values: PhpValue[]): PhpValue {
  const [first = null, ...others] = values
  if (others.every((other) => isSame(first, other))) return first
  return values.find((value) => value instanceof Unknown) ?? new Unknown('a function returns one value or another')
}
