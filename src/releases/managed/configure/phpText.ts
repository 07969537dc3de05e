import { tokenize } from '../../../sites/php/tokens.ts'
import type { Token } from '../../../sites/php/token.ts'

/** A PHP literal. */
export function phpText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

const begin =
  '// What belongs to the environment. Added by Cairn to the release alone, never to the history; without effect elsewhere.'
const end = '// End of what Cairn added.'

/** The text with an include of a file beside it as its last statement, once, however often it is asked for. */
export function withInclude(source: string, file: string): string {
  const own = withoutBlock(source)
  const block = [
    begin,
    `if (is_file(__DIR__ . ${phpText(`/${file}`)})) {`,
    `  include __DIR__ . ${phpText(`/${file}`)};`,
    '}',
    end,
  ].join('\n')
  return `${own.trimEnd()}\n\n${endsInHtml(own) ? '<?php\n' : ''}${block}\n`
}

/** An archive of a managed environment that comes back in has the block already. */
function withoutBlock(source: string): string {
  const from = source.indexOf(begin)
  const to = source.indexOf(end, from)
  return from < 0 || to < 0 ? source : source.slice(0, from) + source.slice(to + end.length)
}

/** Whether the text ends outside of `<?php … ?>`. */
function endsInHtml(source: string): boolean {
  const last = tokensOf(source).at(-2) // the last one is the end
  return last === undefined ? !source.includes('<?') : last.kind === 'op' && source.startsWith('?>', last.at)
}

/**
 * The text with another value for the last plain assignment to a variable at the top of the file: `$name = …;`. Null where there
 * is none.
 */
export function withAssignment(source: string, variable: string, value: string): string | null {
  const tokens = tokensOf(source)
  const index = tokens.findLastIndex((token, i) => {
    const after = tokens[i + 1]
    return token.kind === 'variable' && token.text === variable && after?.kind === 'op' && after.text === '='
  })
  const close = tokens.slice(index).find((token) => token.kind === 'op' && token.text === ';')
  const equals = tokens[index + 1]
  if (index < 0 || close === undefined || equals === undefined) return null
  return `${source.slice(0, equals.at + 1)} ${phpText(value)}${source.slice(close.at)}`
}

/** A file that cannot be cut into tokens cannot be run either: it is left to PHP to say so. */
function tokensOf(source: string): Token[] {
  try {
    return tokenize(source)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return []
  }
}
