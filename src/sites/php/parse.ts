import { parseExpression } from './parseExpression.ts'
import type { Expression, FunctionDeclaration, Statement } from './syntax.ts'
import { TokenReader } from './tokenReader.ts'
import type { Token } from './token.ts'
import { tokenize } from './tokens.ts'

/**
 * Reads PHP text into statements. What is not understood (classes, closures, `match`, …) becomes an `opaque` statement that
 * names what it may have changed; nothing is guessed.
 *
 * @throws {SyntaxError} only where no statement can be told from the next
 */
export function parsePhp(source: string): Statement[] {
  const reader = new TokenReader(tokenize(source))
  const body: Statement[] = []
  while (!reader.isEnd()) {
    if (reader.isOp('}')) reader.take()
    else body.push(parseStatement(reader))
  }
  return body
}

function parseStatement(reader: TokenReader): Statement {
  const from = reader.at
  const { line } = reader.peek()
  try {
    return parseKnown(reader, line)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const skipped = reader.skipStatement(from)
    if (skipped.length === 0) throw error // a bracket that an outer statement has to close
    return { kind: 'opaque', ...namesIn(skipped), line }
  }
}

function namesIn(tokens: Token[]): { variables: string[]; strings: string[] } {
  const inside = tokens.flatMap((token) => (token.parts ?? []).flatMap((part) => (typeof part === 'string' ? [] : part)))
  const all = [...tokens, ...inside]
  const texts = (kind: Token['kind']): string[] => all.filter((token) => token.kind === kind).map(({ text }) => text)
  return { variables: texts('variable'), strings: texts('string') }
}

function parseKnown(reader: TokenReader, line: number): Statement {
  const token = reader.peek()
  if (reader.isOp(';')) {
    reader.take()
    return { kind: 'block', body: [], line }
  }
  if (reader.isOp('{')) return { kind: 'block', body: parseBlock(reader), line }
  if (token.kind === 'name') {
    const parse = keywords[token.text.toLowerCase()]
    const next = reader.peek(1)
    const isPlain = next.kind === 'op' && (next.text === '::' || next.text === '=')
    if (parse !== undefined && !isPlain) {
      reader.take()
      return parse(reader, line)
    }
  }
  const of = parseExpression(reader)
  endStatement(reader)
  return { kind: 'expression', of, line }
}

const keywords: Record<string, (reader: TokenReader, line: number) => Statement> = {
  if: parseIf,
  foreach: parseForeach,
  while: (reader, line) => parseLoop(reader, line, 'endwhile'),
  for: (reader, line) => parseLoop(reader, line, 'endfor'),
  do(reader, line) {
    const body = parseBody(reader, [])
    reader.take()
    reader.skipBalanced()
    return { kind: 'loop', body, line }
  },
  switch: parseSwitch,
  try: parseTry,
  function: parseFunction,
  const: parseConst,
  return(reader, line) {
    const value = reader.isOp(';') || reader.isEnd() ? null : parseExpression(reader)
    endStatement(reader)
    return { kind: 'return', value, line }
  },
  echo(reader, line) {
    const body: Statement[] = []
    do body.push({ kind: 'expression', of: parseExpression(reader), line })
    while (reader.isOp(',') && reader.take())
    endStatement(reader)
    return { kind: 'block', body, line }
  },
  unset(reader, line) {
    reader.expect('(')
    const targets: Expression[] = []
    while (!reader.isOp(')')) {
      targets.push(parseExpression(reader))
      if (reader.isOp(',')) reader.take()
    }
    reader.expect(')')
    return { kind: 'unset', targets, line }
  },
  break: parseJump,
  continue: parseJump,
  global: parseNothing,
  use: parseNothing,
  namespace: parseNothing,
  declare: parseNothing,
}

function parseIf(reader: TokenReader, line: number): Statement {
  const branches: { test: Expression; body: Statement[] }[] = []
  const ends = ['elseif', 'else', 'endif']
  const branch = (): boolean => {
    reader.expect('(')
    const test = parseExpression(reader)
    reader.expect(')')
    const isColon = reader.isOp(':')
    branches.push({ test, body: parseBody(reader, ends) })
    return isColon
  }
  const isColon = branch()
  for (;;) {
    const isElseIf = reader.isWord('else') && reader.peek(1).kind === 'name' && reader.peek(1).text.toLowerCase() === 'if'
    if (reader.isWord('elseif') || isElseIf) {
      reader.take()
      if (isElseIf) reader.take()
      branch()
    } else {
      break
    }
  }
  let otherwise: Statement[] | null = null
  if (reader.isWord('else')) {
    reader.take()
    otherwise = parseBody(reader, ends)
  }
  if (isColon) endWord(reader, 'endif')
  return { kind: 'if', branches, otherwise, line }
}

function parseForeach(reader: TokenReader, line: number): Statement {
  reader.expect('(')
  const over = parseExpression(reader)
  if (!reader.isWord('as')) throw new SyntaxError(`line ${line}: "as" is missing`)
  reader.take()
  const first = parseExpression(reader)
  let second: Expression | null = null
  if (reader.isOp('=>')) {
    reader.take()
    second = parseExpression(reader)
  }
  reader.expect(')')
  const isColon = reader.isOp(':')
  const body = parseBody(reader, ['endforeach'])
  if (isColon) endWord(reader, 'endforeach')
  return { kind: 'foreach', over, key: second === null ? null : nameOf(first), value: nameOf(second ?? first), body, line }
}

function nameOf(expression: Expression | null): string | null {
  return expression?.kind === 'variable' ? expression.name : null
}

function parseLoop(reader: TokenReader, line: number, word: string): Statement {
  reader.skipBalanced()
  const isColon = reader.isOp(':')
  const body = parseBody(reader, [word])
  if (isColon) endWord(reader, word)
  return { kind: 'loop', body, line }
}

function parseSwitch(reader: TokenReader, line: number): Statement {
  reader.expect('(')
  const of = parseExpression(reader)
  reader.expect(')')
  const isColon = reader.isOp(':')
  reader.take()
  const cases: { test: Expression | null; body: Statement[] }[] = []
  while (!reader.isOp('}') && !reader.isWord('endswitch')) {
    const isDefault = reader.isWord('default')
    if (!isDefault && !reader.isWord('case')) throw new SyntaxError(`line ${line}: a switch without a case`)
    reader.take()
    const test = isDefault ? null : parseExpression(reader)
    if (!reader.isOp(':') && !reader.isOp(';')) throw new SyntaxError(`line ${line}: ":" is missing`)
    reader.take()
    const body: Statement[] = []
    while (!reader.isWord('case', 'default', 'endswitch') && !reader.isOp('}') && !reader.isEnd())
      body.push(parseStatement(reader))
    cases.push({ test, body })
  }
  reader.take()
  if (isColon) endStatement(reader)
  return { kind: 'switch', of, cases, line }
}

/** A configuration that reaches its end did not throw: the body counts, `catch` does not. */
function parseTry(reader: TokenReader, line: number): Statement {
  const body = parseBlock(reader)
  while (reader.isWord('catch')) {
    reader.take()
    reader.skipBalanced()
    reader.skipBalanced()
  }
  if (reader.isWord('finally')) {
    reader.take()
    body.push(...parseBlock(reader))
  }
  return { kind: 'block', body, line }
}

function parseFunction(reader: TokenReader, line: number): Statement {
  if (reader.isOp('&')) reader.take()
  const name = reader.take()
  if (name.kind !== 'name') throw new SyntaxError(`line ${line}: a function without a name`)
  reader.expect('(')
  const parameters: FunctionDeclaration['parameters'] = []
  while (!reader.isOp(')')) {
    const token = reader.take()
    if (token.kind === 'end' || (token.kind === 'op' && ['&', '...'].includes(token.text))) {
      throw new SyntaxError(`line ${line}: a parameter is not understood`)
    }
    if (token.kind !== 'variable') continue // a type, a comma
    let byDefault: Expression | null = null
    if (reader.isOp('=')) {
      reader.take()
      byDefault = parseExpression(reader)
    }
    parameters.push({ name: token.text, byDefault })
  }
  reader.expect(')')
  while (!reader.isOp('{') && !reader.isEnd()) reader.take() // the type of what it returns
  return { kind: 'function', declared: { name: name.text.toLowerCase(), parameters, body: parseBlock(reader) }, line }
}

/** `const A = 1, B = 2;` is `define()` in other words. */
function parseConst(reader: TokenReader, line: number): Statement {
  const body: Statement[] = []
  do {
    const name: Expression = { kind: 'literal', value: reader.take().text, line }
    reader.expect('=')
    body.push({ kind: 'expression', of: { kind: 'call', name: 'define', args: [name, parseExpression(reader)], line }, line })
  } while (reader.isOp(',') && reader.take())
  endStatement(reader)
  return { kind: 'block', body, line }
}

function parseJump(reader: TokenReader, line: number): Statement {
  while (!reader.isOp(';') && !reader.isOp('}') && !reader.isEnd()) reader.take()
  if (reader.isOp(';')) reader.take()
  return { kind: 'jump', line }
}

function parseNothing(reader: TokenReader, line: number): Statement {
  while (!reader.isOp(';') && !reader.isEnd() && !reader.isOp('}')) {
    if (reader.isOp('{')) return { kind: 'block', body: parseBlock(reader), line }
    reader.take()
  }
  if (reader.isOp(';')) reader.take()
  return { kind: 'block', body: [], line }
}

/** What an `if` or a loop holds: a block, one statement, or everything up to one of `ends` behind a colon. */
function parseBody(reader: TokenReader, ends: string[]): Statement[] {
  if (reader.isOp('{')) return parseBlock(reader)
  if (!reader.isOp(':')) return [parseStatement(reader)]
  reader.take()
  const body: Statement[] = []
  while (!reader.isWord(...ends) && !reader.isEnd()) body.push(parseStatement(reader))
  return body
}

function parseBlock(reader: TokenReader): Statement[] {
  reader.expect('{')
  const body: Statement[] = []
  while (!reader.isOp('}')) {
    if (reader.isEnd()) throw new SyntaxError('a block without an end')
    body.push(parseStatement(reader))
  }
  reader.take()
  return body
}

function endWord(reader: TokenReader, word: string): void {
  if (!reader.isWord(word)) throw new SyntaxError(`line ${reader.peek().line}: "${word}" is missing`)
  reader.take()
  endStatement(reader)
}

function endStatement(reader: TokenReader): void {
  if (reader.isOp(';')) reader.take()
  else if (!reader.isEnd()) throw new SyntaxError(`line ${reader.peek().line}: ";" is missing`)
}
