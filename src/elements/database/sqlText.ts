/** A name as SQL writes it: in back-ticks, those inside doubled. */
export function quoteName(name: string): string {
  return '`' + name.replaceAll('`', '``') + '`'
}

/** A text literal for a session without NO_BACKSLASH_ESCAPES. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`
}

/** The name that stands in back-ticks at the start of `text`, or null. */
export function readQuotedName(text: string): string | null {
  const match = /^`((?:[^`]|``)*)`/.exec(text)
  return match?.[1]?.replaceAll('``', '`') ?? null
}

const ownName = /^_cairn([0-9a-z]+_[io][0-9]+|probe_[0-9a-f]+)$/

/**
 * True for the numbered tables that an apply keeps in the site's own schema, and for those that a killed preflight left: no
 * dump, count or plan ever names them.
 */
export function isStagedName(name: string): boolean {
  return ownName.test(name)
}
