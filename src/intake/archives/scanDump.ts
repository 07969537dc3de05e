import type { Warning } from '../../contract/words.ts'

/** What a dump holds, seen from its lines. */
export interface DumpFacts {
  /** Tables, of which `CREATE TABLE` was seen */
  tables: string[]
  warnings: Warning[]
}

const lineBytesMax = 4096
const tablesMax = 20_000
const namesMax = 5

/**
 * Passes a dump on unchanged and looks at the beginnings of its lines, as `mysqldump` and its kin write them. Nothing is
 * refused here: what a dump may do is decided where it is loaded.
 *
 * @param onEnd told what was seen, once the dump has gone by
 */
export async function* scanDump(
  dump: AsyncIterable<Buffer>,
  onEnd: (facts: DumpFacts) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const seen = new DumpLines()
  let begun: Buffer = Buffer.alloc(0)
  for await (const part of dump) {
    for (let at = 0; at < part.length;) {
      const end = part.indexOf(0x0a, at)
      const to = end < 0 ? part.length : end
      if (begun.length < lineBytesMax) {
        const piece = part.subarray(at, Math.min(to, at + lineBytesMax - begun.length))
        if (end >= 0 && begun.length === 0) seen.line(piece)
        else begun = Buffer.concat([begun, piece])
      }
      if (end >= 0 && begun.length > 0) {
        seen.line(begun)
        begun = Buffer.alloc(0)
      }
      at = to + 1
    }
    yield part
  }
  if (begun.length > 0) seen.line(begun)
  onEnd(seen.facts())
}

/** Bytes that one index entry may have under the oldest row formats. */
const keyBytesMax = 767

class DumpLines {
  readonly #tables: string[] = []
  readonly #myisam: string[] = []
  readonly #longKeys: string[] = []
  readonly #objects = new Map<string, number>()
  #table: { name: string; columns: Map<string, { length: number; charset: string | null }>; keys: string[] } | null = null

  /** Null for a dump whose writer is not known to sign it at its end */
  #isWhole: boolean | null = null

  line(bytes: Buffer): void {
    const first = bytes[0]
    if (this.#isWhole === true && first !== undefined) this.#isWhole = false
    // rows make up nearly all of a dump, and begin with INSERT or a bracket
    if (first === 0x49 || first === 0x28 || first === undefined) return
    const line = bytes.toString()
    if (this.#isWhole === null && this.#tables.length === 0 && /^-- (?:MySQL|MariaDB) dump /.test(line)) this.#isWhole = false
    if (this.#isWhole === false && line.startsWith('-- Dump completed')) this.#isWhole = true
    if (this.#table !== null) return this.#inTable(line)
    const name = /^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[`"]?([^`"\s(]+)[`"]?\s*\(/i.exec(line)?.[1]
    if (name !== undefined) {
      this.#table = { name, columns: new Map(), keys: [] }
      if (this.#tables.length < tablesMax) this.#tables.push(name)
      return
    }
    const object = /^(?:\/\*!\d+\s*)?CREATE\b[^'"]{0,200}?\b(TRIGGER|PROCEDURE|FUNCTION|EVENT)\b/i.exec(
      line.replaceAll(/\*\/\s*\/\*!\d+\s*/g, ' '),
    )?.[1]
    if (object !== undefined) this.#objects.set(object.toUpperCase(), (this.#objects.get(object.toUpperCase()) ?? 0) + 1)
  }

  facts(): DumpFacts {
    const warnings: Warning[] = []
    const warn = (code: string, message: string): void => void warnings.push({ code, element: 'database', message, path: null })
    if (this.#isWhole === false)
      warn('DUMP_CUT', 'The dump has not the last line that its tool writes, "-- Dump completed": something may be missing')
    for (const [kind, count] of this.#objects) {
      const [word, run] = count === 1 ? ['', 'it is loaded, and runs'] : ['s', 'they are loaded, and run']
      const when = kind === 'EVENT' ? ` where the database server has its event scheduler on (Cairn's own has it off),` : ''
      warn(
        'DUMP_OBJECTS',
        `The dump holds ${count} ${kind.toLowerCase()}${word}: ${run}${when} with the rights of the site alone`,
      )
    }
    if (this.#myisam.length > 0)
      warn(
        'DUMP_MYISAM',
        `${listedOf(this.#myisam)} ${verb(this.#myisam, 'is', 'are')} MyISAM: InnoDB survives a crash, change with ALTER TABLE … ENGINE=InnoDB`,
      )
    if (this.#longKeys.length > 0) {
      warn(
        'DUMP_LONG_KEYS',
        `${listedOf(this.#longKeys)} ${verb(this.#longKeys, 'has', 'have')} an index longer than ${keyBytesMax} bytes: servers with old row formats refuse it (at most 191 characters of utf8mb4)`,
      )
    }
    return { tables: this.#tables, warnings }
  }

  #inTable(line: string): void {
    const table = this.#table
    if (table === null) return
    const column = /^\s*[`"]([^`"]+)[`"]\s+(?:var)?char\((\d+)\)(?:.*?\bCHARACTER SET (\w+))?/i.exec(line)
    if (column !== null) {
      table.columns.set(column[1] as string, { length: Number(column[2]), charset: column[3]?.toLowerCase() ?? null })
    } else if (/^\s*(PRIMARY |UNIQUE )?KEY\b/i.test(line)) {
      table.keys.push(line)
    } else if (/^\s*\)/.test(line)) {
      if (/\bENGINE\s*=\s*MyISAM\b/i.test(line)) this.#myisam.push(table.name)
      const charset = /\bCHARSET\s*=\s*(\w+)/i.exec(line)?.[1]?.toLowerCase() ?? 'utf8mb4'
      const dynamic = /ROW_FORMAT\s*=\s*(DYNAMIC|COMPRESSED)/i.test(line)
      if (!dynamic && table.keys.some((key) => longestPart(key, table.columns, charset) > keyBytesMax))
        this.#longKeys.push(table.name)
      this.#table = null
    } else if (/^(INSERT|DROP|CREATE|LOCK)\b/.test(line)) {
      this.#table = null // no end was seen: written by a tool of another style
    }
  }
}

function longestPart(key: string, columns: Map<string, { length: number; charset: string | null }>, charset: string): number {
  const parts = [...(/\((.*)\)/.exec(key)?.[1] ?? '').matchAll(/[`"]([^`"]+)[`"](?:\((\d+)\))?/g)]
  return Math.max(
    0,
    ...parts.map(([, name = '', prefix]) => {
      const column = columns.get(name)
      if (column === undefined) return 0
      const characters = prefix === undefined ? column.length : Math.min(column.length, Number(prefix))
      return characters * widthOf(column.charset ?? charset)
    }),
  )
}

function widthOf(charset: string): number {
  if (charset === 'utf8mb4') return 4
  return charset.startsWith('utf8') ? 3 : 1
}

function listedOf(names: string[]): string {
  const some = names.slice(0, namesMax).map((name) => `"${name}"`)
  return names.length > namesMax ? `${some.join(', ')} and ${names.length - namesMax} more tables` : some.join(', ')
}

function verb(names: string[], one: string, many: string): string {
  return names.length === 1 ? one : many
}
