import { type ServerKind, type Token, tokensOf } from './tokens.ts'

/**
 * Takes the DEFINER clause out of a CREATE statement, or puts another one in its place; `SQL SECURITY` stays. Works on tokens,
 * so text in strings and comments is never touched.
 */
export function withDefiner(sql: Buffer, server: ServerKind, definer: string | null): Buffer {
  const tokens = tokensOf(sql, server)
  let create: Token | null = null
  for (let step = tokens.next(); step.done !== true; step = tokens.next()) {
    const token = step.value
    if (token.kind !== 'word') continue
    if (create === null && token.text === 'create') create = token
    if (token.text === 'definer') {
      const equals = tokens.next().value as Token | undefined
      if (equals?.text !== '=') continue // SQL SECURITY DEFINER
      const end = endOfAccount(tokens)
      return Buffer.concat([
        sql.subarray(0, token.start),
        Buffer.from(definer === null ? '' : `DEFINER=${definer} `),
        sql.subarray(end),
      ])
    }
    if (['view', 'trigger', 'procedure', 'function', 'event', 'package'].includes(token.text)) break
  }
  if (definer === null || create === null) return sql
  return Buffer.concat([sql.subarray(0, create.end), Buffer.from(` DEFINER=${definer} `), sql.subarray(create.end)])
}

/** Where `user`, `user@host`, `'user'@'host'` or CURRENT_USER[()] ends. */
function endOfAccount(tokens: Generator<Token>): number {
  const user = tokens.next().value as Token
  let end = user.end
  for (let step = tokens.next(); step.done !== true; step = tokens.next()) {
    const token = step.value
    const joined = token.start === end
    if (!joined || !(token.kind !== 'mark' || '@.-%()'.includes(token.text))) break
    end = token.end
  }
  return end
}

/**
 * Takes the foreign keys out of a CREATE TABLE. Their names are one per schema, so a staged table cannot have them while the
 * live one does; they come back with `ALTER TABLE … ADD`.
 */
export function withoutForeignKeys(sql: Buffer, server: ServerKind): { sql: Buffer; foreignKeys: string[] } {
  const foreignKeys: string[] = []
  const cuts: { start: number; end: number }[] = []
  let depth = 0
  let itemStart = -1 // where the text of the item begins
  let comma = -1 // the comma before the item
  let words: string[] = []
  const endItem = (end: number): void => {
    const foreign = words[0] === 'foreign' || (words[0] === 'constraint' && words.includes('foreign'))
    if (foreign && itemStart >= 0) {
      foreignKeys.push(sql.toString('utf8', itemStart, end).trim())
      cuts.push(comma >= 0 ? { start: comma, end } : { start: itemStart, end })
    }
  }
  for (const token of tokensOf(sql, server)) {
    if (token.kind === 'mark' && token.text === '(') {
      depth++
      if (depth === 1) continue
    }
    if (depth === 0) continue
    if (token.kind === 'mark' && token.text === ')') {
      depth--
      if (depth === 0) {
        endItem(token.start)
        break
      }
    }
    if (depth === 1 && token.kind === 'mark' && token.text === ',') {
      endItem(token.start)
      comma = token.start
      itemStart = -1
      words = []
      continue
    }
    if (itemStart < 0) itemStart = token.start
    if (words.length < 3) words.push(token.kind === 'word' ? token.text : token.kind)
  }
  if (cuts.length === 0) return { sql, foreignKeys }
  const parts: Buffer[] = []
  let at = 0
  for (const cut of cuts) {
    parts.push(sql.subarray(at, cut.start))
    at = cut.end
  }
  parts.push(Buffer.from('\n'), sql.subarray(at))
  return { sql: Buffer.concat(parts), foreignKeys }
}
