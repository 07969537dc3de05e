import type { TemplatePart, Token } from './token.ts'

/** A single-quoted string that begins at `at`: its value and where it ends. */
export function singleQuoted(source: string, at: number): { text: string; end: number } {
  let text = ''
  for (let i = at + 1; i < source.length; i++) {
    const character = source.charAt(i)
    if (character === "'") return { text, end: i + 1 }
    const next = source.charAt(i + 1)
    if (character === '\\' && (next === '\\' || next === "'")) {
      text += next
      i += 1
    } else {
      text += character
    }
  }
  throw new SyntaxError('a string without an end')
}

/** Where a double-quoted string ends: the index of its closing quote. */
export function closingBrace(source: string, at: number, quote: string): number {
  for (let i = at; i < source.length; i++) {
    const character = source.charAt(i)
    if (character === '\\') i += 1
    else if (character === quote) return i
    else if (character === '{' && source.charAt(i + 1) === '$') i = closingCurly(source, i)
  }
  throw new SyntaxError('a string without an end')
}

/** The text of a heredoc without the indentation of its closing word, and the index behind that word. */
export function heredocBody(source: string, at: number, word: string): { body: string; end: number } {
  const closing = new RegExp(`^([ \\t]*)${word}\\b`, 'gm')
  closing.lastIndex = at
  const found = closing.exec(source)
  if (found === null) throw new SyntaxError(`a heredoc "${word}" without an end`)
  const text = source.slice(at, Math.max(at, found.index - 1)).replace(/\r$/, '')
  const indent = found[1] ?? ''
  const body = indent === '' ? text : text.replaceAll(new RegExp(`^[ \\t]{1,${indent.length}}`, 'gm'), '')
  return { body, end: found.index + found[0].length }
}

const simpleVariable =
  /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)(?:\[(?:([A-Za-z_]\w*)|(-?\d+)|\$([A-Za-z_]\w*))\]|(->[A-Za-z_]\w*))?/y
const namedVariable = /\$\{([A-Za-z_]\w*)\}/y

/**
 * Decodes the inside of a double-quoted string or heredoc into literal pieces and the tokens between them.
 *
 * @param tokenizeCode for what stands in `{$…}`
 */
export function templateParts(
  text: string,
  line: number,
  quote: string,
  tokenizeCode: (code: string, line: number) => Token[],
): TemplatePart[] {
  const parts: TemplatePart[] = []
  let literal = ''
  const add = (tokens: Token[]): void => {
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push(tokens)
  }
  for (let i = 0; i < text.length;) {
    const character = text.charAt(i)
    if (character === '\\') {
      const { value, length } = unescape(text, i, quote)
      literal += value
      i += length
    } else if (character === '{' && text.charAt(i + 1) === '$') {
      const end = closingCurly(text, i)
      add(tokenizeCode(text.slice(i + 1, end), line))
      i = end + 1
    } else if (character === '$') {
      simpleVariable.lastIndex = namedVariable.lastIndex = i
      const found = simpleVariable.exec(text) ?? namedVariable.exec(text)
      if (found === null) {
        literal += character
        i += 1
      } else {
        add(variableTokens(found, line))
        i += found[0].length
      }
    } else {
      literal += character
      i += 1
    }
  }
  if (literal !== '' || parts.length === 0) parts.push(literal)
  return parts
}

function variableTokens(found: RegExpExecArray, line: number): Token[] {
  const [, name = '', word, index, variable, property] = found
  const token = (kind: Token['kind'], text: string): Token => ({ kind, text, line, at: 0 })
  const end = token('end', '')
  if (property !== undefined) return [token('variable', name), token('op', '->'), token('name', property.slice(2)), end]
  const key =
    word !== undefined
      ? token('string', word)
      : variable !== undefined
        ? token('variable', variable)
        : token('string', index ?? '')
  if (word === undefined && index === undefined && variable === undefined) return [token('variable', name), end]
  return [token('variable', name), token('op', '['), key, token('op', ']'), end]
}

const letters: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', e: '\x1b', f: '\f', '\\': '\\', $: '$' }

function unescape(text: string, at: number, quote: string): { value: string; length: number } {
  const next = text.charAt(at + 1)
  const simple = letters[next]
  if (simple !== undefined) return { value: simple, length: 2 }
  if (next === quote && quote !== '') return { value: quote, length: 2 }
  const code = /\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|u\{([\da-fA-F]+)\})/y
  code.lastIndex = at
  const found = code.exec(text)
  if (found === null) return { value: `\\${next}`, length: 2 } // kept as it stands, and `\{` opens nothing
  const value = found[1] === undefined ? Number.parseInt(found[2] ?? found[3] ?? '0', 16) : Number.parseInt(found[1], 8) & 255
  return { value: String.fromCodePoint(Math.min(value, 0x10ffff)), length: found[0].length }
}

function closingCurly(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '{') depth += 1
    else if (character === '}' && --depth === 0) return i
    else if (character === "'") i = singleQuoted(text, i).end - 1
    else if (character === '\\') i += 1
  }
  throw new SyntaxError('a string without an end')
}
