import type { PhpValue } from './values.ts'

export type Expression = { line: number } & (
  | { kind: 'literal'; value: PhpValue }
  | { kind: 'template'; parts: Expression[] }
  | { kind: 'variable'; name: string }
  | { kind: 'index'; of: Expression; key: Expression | null }
  | { kind: 'constant'; name: string }
  | { kind: 'array'; items: { key: Expression | null; value: Expression }[] }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'unary'; op: string; of: Expression }
  | { kind: 'cast'; to: string; of: Expression }
  | { kind: 'binary'; op: string; left: Expression; right: Expression }
  | { kind: 'ternary'; test: Expression; ifTrue: Expression | null; otherwise: Expression }
  | { kind: 'assign'; target: Expression; op: string; value: Expression }
  | { kind: 'isset'; of: Expression[] }
  | { kind: 'empty'; of: Expression }
  | { kind: 'include'; path: Expression; once: boolean }
  | { kind: 'exit' }
  /** Something that is understood as far as where it ends: a method call, a closure, `new` */
  | { kind: 'opaque'; what: string; inside: Expression[] }
)

export type Statement = { line: number } & (
  | { kind: 'expression'; of: Expression }
  | { kind: 'block'; body: Statement[] }
  | { kind: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] | null }
  | { kind: 'foreach'; over: Expression; key: string | null; value: string | null; body: Statement[] }
  | { kind: 'loop'; body: Statement[] }
  | { kind: 'switch'; of: Expression; cases: { test: Expression | null; body: Statement[] }[] }
  | { kind: 'return'; value: Expression | null }
  | { kind: 'jump' }
  | { kind: 'function'; declared: FunctionDeclaration }
  | { kind: 'unset'; targets: Expression[] }
  /** Could not be read: whatever it names may have been changed by it */
  | { kind: 'opaque'; variables: string[]; strings: string[] }
)

export interface FunctionDeclaration {
  name: string
  parameters: { name: string; byDefault: Expression | null }[]
  body: Statement[]
}
