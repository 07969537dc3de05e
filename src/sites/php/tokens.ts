import { closingBrace, heredocBody, singleQuoted, templateParts } from './strings.ts'
import type { TemplatePart, Token } from './token.ts'

const operators = (
  '<=> **= ... <<= >>= === !== ??= ?-> ' + // longest first
  '== != <> <= >= && || ?? .= += -= *= /= %= &= |= ^= -> => :: ++ -- << >> **'
).split(' ')
const sticky = {
  space: /\s+/y,
  open: /<\?php(?=\s|$)|<\?=|<\?(?=\s)/gi,
  lineComment: /(?:#(?!\[)|\/\/)(?:(?!\?>)[^\r\n])*/y,
  attribute: /#\[[^\r\n]*?\](?=\s|$)|#\[[^\r\n]*/y,
  variable: /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)/y,
  name: /\\?[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*(?:\\[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)*/y,
  number: /0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?\.?/y,
  cast: /\(\s*(string|binary|int|integer|bool|boolean|float|double|array|object)\s*\)/iy,
  heredoc: /[bB]?<<<[ \t]*(["']?)([A-Za-z_]\w*)\1\r?\n/y,
}

/**
 * Cuts PHP text into tokens, as PHP does, outside of which stands HTML that is dropped. Knows no grammar.
 *
 * @throws {SyntaxError} for a string, heredoc or comment without an end
 */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source, 1).fromHtml()
}

/** Tokens of a piece that is PHP already: what stands in `{$…}` inside a string. */
function tokenizeCode(source: string, line: number): Token[] {
  return new Tokenizer(source, line).fromCode()
}

class Tokenizer {
  private readonly source: string
  private at = 0
  private line: number
  private readonly tokens: Token[] = []

  constructor(source: string, line: number) {
    this.source = source
    this.line = line
  }

  fromHtml(): Token[] {
    this.skipHtml()
    return this.fromCode()
  }

  fromCode(): Token[] {
    while (this.at < this.source.length) this.one()
    this.push('end', '', 0)
    return this.tokens
  }

  private one(): void {
    if (this.skip(sticky.space) || this.skip(sticky.attribute) || this.skip(sticky.lineComment)) return
    if (this.source.startsWith('/*', this.at)) return this.move(this.find('*/', 'comment') + 2)
    if (this.source.startsWith('?>', this.at)) {
      this.push('op', ';', 2)
      return this.skipHtml()
    }
    const character = this.source.charAt(this.at)
    if (character === "'") return this.quoted()
    if (character === '"') return this.template()
    if (character === '`') return this.push('op', '`', 1)
    const heredoc = this.match(sticky.heredoc)
    if (heredoc !== null) return this.heredoc(heredoc)
    const variable = this.match(sticky.variable)
    if (variable !== null) return this.push('variable', variable[1] ?? '', variable[0].length)
    const cast = this.match(sticky.cast)
    if (cast !== null) return this.push('cast', (cast[1] ?? '').toLowerCase(), cast[0].length)
    if (/\d/.test(character) || (character === '.' && /\d/.test(this.source.charAt(this.at + 1)))) return this.number()
    const name = this.match(sticky.name)
    if (name !== null) return this.push('name', name[0], name[0].length)
    const operator = operators.find((text) => this.source.startsWith(text, this.at)) ?? character
    this.push('op', operator, operator.length)
  }

  private number(): void {
    const text = this.match(sticky.number)?.[0] ?? '0'
    // `1 . 'a'` may be written `1.'a'`: a point that a string or variable follows is the operator
    const own = text.endsWith('.') && !/\d/.test(this.source.charAt(this.at + text.length)) ? text.slice(0, -1) : text
    this.push('number', own, own.length)
  }

  private quoted(): void {
    const { text, end } = singleQuoted(this.source, this.at)
    this.push('string', text, end - this.at)
  }

  private template(): void {
    const end = closingBrace(this.source, this.at + 1, '"')
    const parts = templateParts(this.source.slice(this.at + 1, end), this.line, '"', tokenizeCode)
    this.pushParts(parts, end + 1 - this.at)
  }

  private heredoc(opening: RegExpExecArray): void {
    const { body, end } = heredocBody(this.source, this.at + opening[0].length, opening[2] ?? '')
    if (opening[1] === "'") return this.push('string', body, end - this.at)
    this.pushParts(templateParts(body, this.line + 1, '', tokenizeCode), end - this.at)
  }

  private pushParts(parts: TemplatePart[], length: number): void {
    if (parts.every((part) => typeof part === 'string')) return this.push('string', parts.join(''), length)
    this.tokens.push({ kind: 'template', text: '', parts, line: this.line, at: this.at })
    this.move(this.at + length)
  }

  private push(kind: Token['kind'], text: string, length: number): void {
    this.tokens.push({ kind, text, line: this.line, at: this.at })
    this.move(this.at + length)
  }

  private skipHtml(): void {
    sticky.open.lastIndex = this.at
    const open = sticky.open.exec(this.source)
    this.move(open === null ? this.source.length : open.index + open[0].length)
    if (open?.[0] === '<?=') this.push('name', 'echo', 0)
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    return pattern.exec(this.source)
  }

  private skip(pattern: RegExp): boolean {
    const found = this.match(pattern)
    if (found !== null) this.move(this.at + found[0].length)
    return found !== null
  }

  private find(text: string, what: string): number {
    const index = this.source.indexOf(text, this.at + 2)
    if (index < 0) throw new SyntaxError(`line ${this.line}: a ${what} without an end`)
    return index
  }

  private move(to: number): void {
    for (let i = this.at; i < to; i++) if (this.source.charCodeAt(i) === 10) this.line += 1
    this.at = to
  }
}
