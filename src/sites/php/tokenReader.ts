import type { Token } from './token.ts'

const nothing: Token = { kind: 'end', text: '', line: 0, at: 0 }

/** A place in a list of tokens. */
export class TokenReader {
  private readonly tokens: Token[]
  at = 0

  constructor(tokens: Token[]) {
    this.tokens = tokens
  }

  over(tokens: Token[]): TokenReader {
    return new TokenReader(tokens)
  }

  peek(ahead = 0): Token {
    return this.tokens[this.at + ahead] ?? this.tokens.at(-1) ?? nothing
  }

  take(): Token {
    const token = this.peek()
    this.at += 1
    return token
  }

  isOp(text: string): boolean {
    const token = this.peek()
    return token.kind === 'op' && token.text === text
  }

  isWord(...words: string[]): boolean {
    const token = this.peek()
    return token.kind === 'name' && words.includes(token.text.toLowerCase())
  }

  isEnd(): boolean {
    return this.peek().kind === 'end'
  }

  expect(op: string): void {
    const token = this.take()
    if (token.kind !== 'op' || token.text !== op) throw new SyntaxError(`line ${token.line}: "${op}" is missing`)
  }

  /** Passes over one bracketed piece, brackets included; gives its tokens. */
  skipBalanced(): Token[] {
    const from = this.at
    let depth = 0
    do {
      const token = this.take()
      if (token.kind === 'end') throw new SyntaxError('a bracket without an end')
      if (token.kind === 'op' && /^[([{]$/.test(token.text)) depth += 1
      if (token.kind === 'op' && /^[)\]}]$/.test(token.text)) depth -= 1
    } while (depth > 0)
    return this.tokens.slice(from, this.at)
  }

  /** Passes over a statement that could not be read: up to its `;`, or the end of the first block outside of brackets. */
  skipStatement(from: number): Token[] {
    this.at = from
    while (!this.isEnd()) {
      if (this.isOp(';')) {
        this.take()
        break
      }
      if (this.isOp('}')) break
      const isBlock = this.isOp('{')
      if (isBlock || this.isOp('(') || this.isOp('[')) this.skipBalanced()
      else this.take()
      // `$f = function () {…};` goes on behind its block, `class A {…}` does not
      if (isBlock && !this.isOp(';') && !this.isOp(',') && !this.isOp(')') && !this.isOp('->') && !this.isOp('(')) break
    }
    return this.tokens.slice(from, this.at)
  }
}
