import type { Expression } from './syntax.ts'
import type { TokenReader } from './tokenReader.ts'

/** Binding power of PHP 8's operators, weakest first; `.` binds weaker than `+`. */
const levels: string[][] = [
  ['or'],
  ['xor'],
  ['and'],
  ['?'],
  ['??'],
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!=', '===', '!==', '<>', '<=>'],
  ['<', '<=', '>', '>='],
  ['.'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
  ['instanceof'],
]
const assignments = ['=', '.=', '??=', '+=', '-=', '*=', '/=', '%=', '**=', '&=', '|=', '^=', '<<=', '>>=']
const includes = ['include', 'include_once', 'require', 'require_once']

/** @throws {SyntaxError} for what is no expression; the caller then skips the statement */
export function parseExpression(reader: TokenReader, level = 0): Expression {
  const operators = levels[level]
  if (operators === undefined) return parseUnary(reader)
  if (operators[0] === '?') return parseTernary(reader, level)
  let left = parseExpression(reader, level + 1)
  for (let op = operatorAt(reader, operators); op !== null; op = operatorAt(reader, operators)) {
    const { line } = reader.take()
    if (op === 'instanceof') {
      left = opaque(line, 'instanceof', [left, parseUnary(reader)])
      continue
    }
    const right = parseExpression(reader, op === '??' ? level : level + 1)
    left = { kind: 'binary', op: op === '<>' ? '!=' : op, left, right, line }
  }
  return left
}

function operatorAt(reader: TokenReader, operators: string[]): string | null {
  const token = reader.peek()
  if (token.kind !== 'op' && token.kind !== 'name') return null
  const text = token.text.toLowerCase()
  return operators.includes(text) ? text : null
}

function parseTernary(reader: TokenReader, level: number): Expression {
  let test = parseExpression(reader, level + 1)
  while (reader.isOp('?')) {
    const { line } = reader.take()
    const ifTrue = reader.isOp(':') ? null : parseExpression(reader, level)
    reader.expect(':')
    test = { kind: 'ternary', test, ifTrue, otherwise: parseExpression(reader, level + 1), line }
  }
  return test
}

function parseUnary(reader: TokenReader): Expression {
  const token = reader.peek()
  const { line } = token
  if (token.kind === 'cast') {
    reader.take()
    return { kind: 'cast', to: token.text, of: parseUnary(reader), line }
  }
  if (token.kind === 'op' && ['!', '-', '+', '~', '@', '&', '++', '--'].includes(token.text)) {
    reader.take()
    const of = parseUnary(reader)
    if (token.text === '@' || token.text === '&') return of
    return token.text === '++' || token.text === '--' ? changed(of, line) : { kind: 'unary', op: token.text, of, line }
  }
  if (token.kind === 'name') {
    const word = token.text.toLowerCase()
    if (includes.includes(word)) {
      reader.take()
      return { kind: 'include', path: parseExpression(reader, 3), once: word.endsWith('_once'), line }
    }
    if (word === 'print' || word === 'clone' || word === 'throw' || word === 'yield') {
      reader.take()
      return opaque(line, word, [parseExpression(reader, 3)])
    }
  }
  const value = parsePostfix(reader)
  if (reader.isOp('**')) {
    reader.take()
    return opaque(line, '**', [value, parseUnary(reader)])
  }
  const op = reader.peek()
  if (op.kind !== 'op' || !assignments.includes(op.text)) return value
  reader.take()
  return { kind: 'assign', target: value, op: op.text.slice(0, -1), value: parseExpression(reader, 3), line }
}

function parsePostfix(reader: TokenReader): Expression {
  let value = parsePrimary(reader)
  for (;;) {
    const { line } = reader.peek()
    if (reader.isOp('[')) {
      reader.take()
      const key = reader.isOp(']') ? null : parseExpression(reader)
      reader.expect(']')
      value = { kind: 'index', of: value, key, line }
    } else if (reader.isOp('->') || reader.isOp('?->') || reader.isOp('::')) {
      reader.take()
      if (reader.isOp('{')) reader.skipBalanced()
      else reader.take()
      value = opaque(line, 'an object', [value])
    } else if (reader.isOp('(')) {
      value = opaque(line, 'a call', [value, ...parseArguments(reader)])
    } else if (reader.isOp('++') || reader.isOp('--')) {
      reader.take()
      value = changed(value, line)
    } else {
      return value
    }
  }
}

function parsePrimary(reader: TokenReader): Expression {
  const token = reader.take()
  const { line, text } = token
  if (token.kind === 'variable') return { kind: 'variable', name: text, line }
  if (token.kind === 'string') return { kind: 'literal', value: text, line }
  if (token.kind === 'number') return { kind: 'literal', value: numberOf(text), line }
  if (token.kind === 'template') {
    const parts = (token.parts ?? []).map((part): Expression =>
      typeof part === 'string' ? { kind: 'literal', value: part, line } : parseExpression(reader.over(part)),
    )
    return { kind: 'template', parts, line }
  }
  if (token.kind === 'name') return parseNamed(reader, text, line)
  if (text === '(') {
    const inside = parseExpression(reader)
    reader.expect(')')
    return inside
  }
  if (text === '[') return { kind: 'array', items: parseItems(reader, ']'), line }
  throw new SyntaxError(`line ${line}: "${text}" is not understood here`)
}

function parseNamed(reader: TokenReader, name: string, line: number): Expression {
  const word = name.toLowerCase().replace(/^\\/, '')
  if (word === 'array' && reader.isOp('(')) {
    reader.take()
    return { kind: 'array', items: parseItems(reader, ')'), line }
  }
  if (word === 'isset') return { kind: 'isset', of: parseArguments(reader), line }
  if (word === 'empty') {
    const [of] = parseArguments(reader)
    if (of === undefined) throw new SyntaxError(`line ${line}: empty() of nothing`)
    return { kind: 'empty', of, line }
  }
  if (word === 'exit' || word === 'die') {
    if (reader.isOp('(')) parseArguments(reader)
    return { kind: 'exit', line }
  }
  if (word === 'static' && reader.isWord('function', 'fn')) return parseNamed(reader, reader.take().text, line)
  const special = specials[word]
  if (special !== undefined) return opaque(line, `"${word}"`, special(reader))
  if (word === 'list' || word === 'static') throw new SyntaxError(`line ${line}: "${word}" is not understood`)
  if (reader.isOp('(')) return { kind: 'call', name: word, args: parseArguments(reader), line }
  return { kind: 'constant', name: name.replace(/^\\/, ''), line }
}

/** What is not evaluated, but whose end can be told; each gives the expressions inside that are run at once. */
const specials: Record<string, (reader: TokenReader) => Expression[]> = {
  new(reader) {
    const name = reader.take()
    if (name.kind === 'op' || name.text === 'class') throw new SyntaxError(`line ${name.line}: a class without a name`)
    return reader.isOp('(') ? parseArguments(reader) : []
  },
  function(reader) {
    if (reader.isOp('&')) reader.take()
    while (!reader.isOp('{') && !reader.isEnd()) {
      if (reader.isOp('(')) reader.skipBalanced()
      else reader.take()
    }
    reader.skipBalanced()
    return []
  },
  fn(reader) {
    reader.skipBalanced()
    while (!reader.isOp('=>') && !reader.isEnd()) reader.take()
    reader.expect('=>')
    parseExpression(reader, 3)
    return []
  },
  match(reader) {
    reader.skipBalanced()
    reader.skipBalanced()
    return []
  },
}

function parseArguments(reader: TokenReader): Expression[] {
  reader.expect('(')
  return parseItems(reader, ')').map(({ value }) => value)
}

function parseItems(reader: TokenReader, end: string): { key: Expression | null; value: Expression }[] {
  const items: { key: Expression | null; value: Expression }[] = []
  while (!reader.isOp(end)) {
    if (reader.isOp('...')) throw new SyntaxError(`line ${reader.peek().line}: "..." is not understood`)
    const first = parseExpression(reader)
    if (reader.isOp('=>')) {
      reader.take()
      items.push({ key: first, value: parseExpression(reader) })
    } else {
      items.push({ key: null, value: first })
    }
    if (!reader.isOp(',')) break
    reader.take()
  }
  reader.expect(end)
  return items
}

function opaque(line: number, what: string, inside: Expression[]): Expression {
  return { kind: 'opaque', what, inside, line }
}

/** `$i++`: afterwards the variable is not known, which is enough. */
function changed(target: Expression, line: number): Expression {
  return { kind: 'assign', target, op: '', value: opaque(line, 'counting', []), line }
}

function numberOf(text: string): number {
  const plain = text.replaceAll('_', '')
  return /^0[0-7]+$/.test(plain) ? Number.parseInt(plain, 8) : Number(plain)
}
