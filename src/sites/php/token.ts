export interface Token {
  kind: 'variable' | 'name' | 'number' | 'string' | 'template' | 'cast' | 'op' | 'end'
  /** Name without `$`, decoded literal, operator; of a cast its type */
  text: string
  /** Of a template: literal pieces, and the tokens of what stands between them */
  parts?: TemplatePart[]
  line: number
  /** Where it begins in the text that was cut, in characters */
  at: number
}

export type TemplatePart = string | Token[]
