import { Failure } from '../../base/failure.ts'
import { Finder, plainBackslash } from './sqlBytes.ts'
import { type ServerKind, type Token, tokensOf } from './tokens.ts'

export type StoredObject = 'view' | 'trigger' | 'procedure' | 'function' | 'event' | 'package'

/** What a statement of a dump is to the loader. `name` is the bytes of the table's name, to be replaced or checked. */
export type Sorted =
  | {
      kind: 'table'
      verb: 'create' | 'drop' | 'insert' | 'alter'
      what: 'table' | 'sequence'
      table: string
      name: { start: number; end: number }
    }
  | { kind: 'object'; verb: 'create' | 'drop'; object: StoredObject; name: string }
  | { kind: 'set'; assignments: { target: string; value: string }[] }
  | { kind: 'nothing' }

const objectWords: readonly string[] = ['view', 'trigger', 'procedure', 'function', 'event', 'package'] satisfies StoredObject[]

/**
 * Decides what a statement of a dump is, as this server would read it. Whatever is not expected in a dump of one schema is
 * refused: other schemas by name, USE, CREATE or DROP DATABASE, accounts and grants, SET GLOBAL, reading or writing files, and the
 * client programs' own commands.
 *
 * @throws {Failure} LOAD_FAILED, naming the first words of the statement
 */
export function sortStatement(sql: Buffer, server: ServerKind): Sorted {
  const tokens = tokensOf(sql, server)
  const next = (): Token | undefined => {
    const step = tokens.next()
    return step.done === true ? undefined : step.value
  }
  const refuse = (why: string): never => {
    const words = sql.toString('utf8', 0, 80).replaceAll(/\s+/g, ' ').trim()
    throw new Failure('LOAD_FAILED', `Cannot load the dump: ${why} in "${words}${sql.length > 80 ? '…' : ''}"`, {
      hint: /^(\/\*!\d+ ?)?(use|create (database|schema))\b/i.test(words)
        ? `"mysqldump --databases" and phpMyAdmin write such lines. Dump the database by its name alone; where the file holds no other one, they can be taken out: sed -E '/^(USE|CREATE (DATABASE|SCHEMA)) /d' dump.sql`
        : 'A dump of one schema has no use for it; take the statement out, if you trust the file',
    })
  }
  /** A table's name, which no schema may precede; skips IF [NOT] EXISTS */
  const tableName = (
    token: Token | undefined,
  ): { table: string; name: { start: number; end: number }; after: Token | undefined } => {
    let found = token
    while (found?.kind === 'word' && ['if', 'not', 'exists'].includes(found.text)) found = next()
    if (found === undefined || (found.kind !== 'name' && found.kind !== 'word' && found.kind !== 'number'))
      return refuse('no name was found')
    const after = next()
    if (after?.text === '.' && after.kind === 'mark') refuse('a name of another schema')
    const table = found.kind === 'name' ? found.text : sql.toString('utf8', found.start, found.end)
    return { table, name: { start: found.start, end: found.end }, after }
  }

  let first = next()
  if (first === undefined) return { kind: 'nothing' } // nothing that this server executes
  const verb = first.kind === 'word' ? first.text : ''
  switch (verb) {
    case 'insert':
    case 'replace': {
      let token = next()
      while (token?.kind === 'word' && ['into', 'ignore', 'delayed', 'low_priority', 'high_priority'].includes(token.text))
        token = next()
      const { after, ...found } = tableName(token)
      let value = after
      while (value !== undefined && !(value.kind === 'word' && (value.text === 'values' || value.text === 'value'))) {
        if (value.kind === 'word' && (value.text === 'select' || value.text === 'set')) refuse('rows that are not written out')
        value = next()
      }
      if (value === undefined) refuse('no VALUES')
      if (plainBackslash(server.sqlMode ?? '') || !literalsAlone(sql, (value as Token).end)) onlyLiterals(tokens, refuse)
      return { kind: 'table', verb: 'insert', what: 'table', ...found }
    }
    case 'create': {
      let token = next()
      for (; token !== undefined; token = next()) {
        if (token.kind === 'word' && objectWords.includes(token.text)) {
          const object = token.text as StoredObject
          let name = next()
          if (object === 'package' && name?.text === 'body') return refuse('a package body')
          if (name?.text === 'if') [name] = [(next(), next(), next())]
          if (name === undefined || (name.kind !== 'name' && name.kind !== 'word')) return refuse('no name was found')
          const after = next()
          if (after?.text === '.') refuse('a name of another schema')
          if ((object === 'function' || object === 'procedure') && after?.text !== '(') refuse('a library of the server')
          return {
            kind: 'object',
            verb: 'create',
            object,
            name: name.kind === 'name' ? name.text : sql.toString('utf8', name.start, name.end),
          }
        }
        if (token.kind === 'word' && (token.text === 'table' || token.text === 'sequence')) {
          const what = token.text
          const { after, ...found } = tableName(next())
          for (let inside = after; inside !== undefined; inside = next()) {
            if (inside.kind === 'word' && inside.text === 'select') refuse('a table made from a query')
            if (inside.kind === 'word' && inside.text === 'directory') refuse('a path of the server')
            if (inside.kind === 'word' && inside.text === 'connection') refuse('a connection to another server')
          }
          return { kind: 'table', verb: 'create', what, ...found }
        }
        const may = [
          'or',
          'replace',
          'definer',
          'algorithm',
          'sql',
          'security',
          'invoker',
          'undefined',
          'merge',
          'temptable',
          'aggregate',
          'current_user',
          'temporary',
        ]
        if (token.kind === 'word' && !may.includes(token.text) && !followsDefiner(sql, token))
          return refuse(`CREATE ${token.text.toUpperCase()}`)
      }
      return refuse('CREATE of nothing')
    }
    case 'drop': {
      let token = next()
      if (token?.text === 'temporary') token = next()
      if (token?.kind !== 'word') return refuse('DROP of nothing')
      if (token.text === 'table' || token.text === 'sequence') {
        const what = token.text
        const { after, ...found } = tableName(next())
        if (after?.text === ',') refuse('more than one name')
        return { kind: 'table', verb: 'drop', what, ...found }
      }
      if (!objectWords.includes(token.text)) return refuse(`DROP ${token.text.toUpperCase()}`)
      const object = token.text as StoredObject
      return { kind: 'object', verb: 'drop', object, name: tableName(next()).table }
    }
    case 'alter': {
      const token = next()
      if (token?.text === 'database') return databaseCharset(sql, refuse)
      if (token?.text !== 'table') return refuse(`ALTER ${(token?.text ?? '').toUpperCase()}`)
      const { after, ...found } = tableName(next())
      if (after?.text === 'disable' || after?.text === 'enable') return { kind: 'nothing' } // a hint for MyISAM only
      for (let inside = after; inside !== undefined; inside = next()) {
        if (
          inside.kind === 'word' &&
          ['rename', 'directory', 'connection', 'import', 'discard', 'exchange'].includes(inside.text)
        )
          refuse('a change of place')
      }
      return { kind: 'table', verb: 'alter', what: 'table', ...found }
    }
    case 'do': {
      const call = next()
      if (call?.text !== 'setval' || next()?.text !== '(') return refuse('DO')
      const { after: _, ...found } = tableName(next())
      return { kind: 'table', verb: 'alter', what: 'sequence', ...found }
    }
    case 'set':
      return { kind: 'set', assignments: assignmentsOf(sql, tokens, refuse) }
    case 'lock':
    case 'unlock':
    case 'commit':
    case 'begin':
    case 'start':
      return { kind: 'nothing' } // the loader has its own transactions, and nobody else sees what it loads
    default:
      first = undefined
      return refuse(verb === '' ? 'no statement' : verb.toUpperCase())
  }
}

/** What follows VALUES must be brackets, commas, numbers, strings and NULL: no function, no variable, no query. */
function onlyLiterals(rest: Generator<Token>, refuse: (why: string) => never): void {
  for (const token of rest) {
    if (token.kind === 'name' || (token.kind === 'mark' && !'(),.-+'.includes(token.text))) refuse('more than values')
    if (token.kind === 'word' && !/^(null|true|false|_[a-z0-9]+|[xbn])$/.test(token.text))
      refuse(`"${token.text}" among the values`)
  }
}

/** The same question for the usual shape of a dump's INSERT, in one pass without making tokens: about 400 MB/s. */
function literalsAlone(sql: Buffer, from: number): boolean {
  const n = sql.length
  let i = from
  const quotes = new Finder(39)
  const escapes = new Finder(92)
  while (i < n) {
    const byte = sql[i] as number
    if (byte === 39) {
      let end = quotes.next(sql, i + 1)
      for (let escape = escapes.next(sql, i + 1); escape < end; escape = escapes.next(sql, escape + 2))
        end = quotes.next(sql, escape + 2)
      if (end === n) return false
      i = end + 1
    } else if (byte === 78) {
      if (sql[i + 1] !== 85 || sql[i + 2] !== 76 || sql[i + 3] !== 76 || isLetter(sql[i + 4] ?? 0)) return false
      i += 4
    } else if (byte === 48 && sql[i + 1] === 120) {
      i += 2
      while (i < n && isHex(sql[i] as number)) i++
      if (isLetter(sql[i] ?? 0)) return false
    } else if ((byte >= 40 && byte <= 57 && byte !== 42 && byte !== 47) || byte === 10 || byte === 32 || byte === 13) {
      i++
      if (byte >= 48 && isLetter(sql[i] ?? 0) && !/^[eE][-+]?\d/.test(sql.toString('latin1', i, i + 4))) return false
      if (byte >= 48 && (sql[i] === 101 || sql[i] === 69)) i++
    } else return false
  }
  return true
}

function isHex(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
}

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte === 36 || byte >= 128
}

/** `DEFINER=user@host` may be written without quotes: a word right behind `=` or `@` is part of it. */
function followsDefiner(sql: Buffer, token: Token): boolean {
  const before = sql
    .toString('latin1', Math.max(0, token.start - 3), token.start)
    .trimEnd()
    .at(-1)
  return before === '=' || before === '@'
}

/** mysqldump sets the character set of the schema around a trigger that was made under another one. */
function databaseCharset(sql: Buffer, refuse: (why: string) => never): Sorted {
  if (!/character\s+set|collate/i.test(sql.toString('latin1', 0, 400))) refuse('ALTER DATABASE')
  return { kind: 'nothing' }
}

function assignmentsOf(
  sql: Buffer,
  tokens: Generator<Token>,
  refuse: (why: string) => never,
): { target: string; value: string }[] {
  const list = [...tokens]
  if (list.some((token) => token.text === 'gtid_purged')) return [] // about the server the dump came from
  const assignments: { target: string; value: string }[] = []
  let i = 0
  while (i < list.length) {
    let end = i
    while (end < list.length && !(list[end]?.kind === 'mark' && list[end]?.text === ',')) {
      const token = list[end]
      if (token?.kind === 'mark' && '()'.includes(token.text)) refuse('a value that is not written out')
      if (token?.kind === 'word' && ['global', 'persist', 'persist_only', 'password', 'role'].includes(token.text))
        refuse(`SET ${token.text.toUpperCase()}`)
      end++
    }
    const part = list.slice(i, end)
    const equals = part.findIndex((token) => token.kind === 'mark' && token.text === '=')
    const text = (from: Token[]): string => from.map((token) => sql.toString('utf8', token.start, token.end)).join('')
    if (equals < 0) {
      const names = part[0]?.text === 'names'
      const charset = part[0]?.text === 'character' && part[1]?.text === 'set'
      const transaction = part.some((token) => token.text === 'transaction')
      if (names || charset) assignments.push({ target: 'names', value: text(part.slice(names ? 1 : 2, names ? 2 : 3)) })
      else if (!transaction) refuse('SET of another kind')
    } else {
      const left = part.slice(0, equals).filter((token) => !['session', 'local', ':'].includes(token.text))
      assignments.push({
        target: text(left)
          .toLowerCase()
          .replace(/^@@(session\.|local\.|\.)?/, ''),
        value: text(part.slice(equals + 1)),
      })
    }
    i = end + 1
  }
  return assignments
}
