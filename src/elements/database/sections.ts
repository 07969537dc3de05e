import { Failure } from '../../base/failure.ts'
import type { Mark } from './mark.ts'
import { SqlScanner } from './scanner.ts'
import { readQuotedName } from './sqlText.ts'

/** A named stretch of a dump. All of them, in order, are the dump byte for byte; `data` is read once, before the next one. */
export interface Section {
  name: string
  data: AsyncIterable<Buffer>
}

/** What was seen while a dump went by. */
export interface DumpTally {
  /** Rows and bytes of each table, by its name; tables without rows too */
  tables: Map<string, { rows: number; sizeBytes: number }>
  sequences: string[]
  views: string[]
  sizeBytes: number
  largestStatementBytes: number
  trailerSeen: boolean
}

export function newTally(): DumpTally {
  return { tables: new Map(), sequences: [], views: [], sizeBytes: 0, largestStatementBytes: 0, trailerSeen: false }
}

/** What a dump client writes above each part; the name stands in back-ticks behind it. */
const marks: readonly { text: string; section: (name: string) => string }[] = [
  { text: '-- Table structure for table ', section: (name) => `table/${name}/ddl` },
  { text: '-- Dumping data for table ', section: (name) => `table/${name}/data` },
  { text: '-- Sequence structure for ', section: (name) => `sequence/${name}` },
  { text: '-- Temporary table structure for view ', section: (name) => `view/${name}/placeholder` },
  { text: '-- Temporary view structure for view ', section: (name) => `view/${name}/placeholder` },
  { text: '-- Final view structure for view ', section: (name) => `view/${name}/ddl` },
  { text: '-- Dumping events for database ', section: () => 'events' },
  { text: '-- Dumping routines for database ', section: () => 'routines' },
]

/** Longer than any SET that opens a section of triggers or the trailer. */
const shortStatementBytes = 1024

type Piece = { section: string } | { data: Buffer }

/**
 * Cuts the output of one dump process into sections, at comments that stand between statements (never inside of text), and
 * counts while it passes. Memory is one chunk and what stands between two statements.
 *
 * @throws {Failure} DUMP_FAILED at the end of the last section when the trailer is missing
 */
export async function* cutSections(stream: AsyncIterable<Buffer>, tally: DumpTally): AsyncGenerator<Section> {
  const pieces = cut(stream, tally)
  let step = await pieces.next()
  while (step.done !== true) {
    const opened = step.value
    if (!('section' in opened)) throw new Error('cutSections: data before a section')
    let over = false
    const body = async function* (): AsyncGenerator<Buffer> {
      while (!over) {
        step = await pieces.next()
        if (step.done === true || 'section' in step.value) over = true
        else yield step.value.data
      }
    }
    yield { name: opened.section, data: body() }
    for await (const _ of body()); // what the reader left
  }
}

async function* cut(stream: AsyncIterable<Buffer>, tally: DumpTally): AsyncGenerator<Piece> {
  const scanner = new SqlScanner()
  const namer = new SectionNamer(tally)
  const held: { at: number; data: Buffer }[] = []
  let at = 0
  let sent = 0
  const upTo = function* (end: number): Generator<Piece> {
    while (held[0] !== undefined && sent < end) {
      const { at: from, data } = held[0]
      const to = Math.min(end, from + data.length)
      if (to > sent) yield { data: data.subarray(sent - from, to - from) }
      sent = to
      if (to === from + data.length) held.shift()
      else break
    }
  }
  yield { section: 'header' }
  const consider = function* (found: Iterable<Mark>): Generator<Piece> {
    for (const mark of found) {
      const opened = namer.see(mark)
      if (opened === null) continue
      yield* upTo(opened.at)
      yield { section: opened.name }
    }
  }
  for await (const data of stream) {
    held.push({ at, data })
    at += data.length
    yield* consider(scanner.scan(data))
    // the comments before a statement, and a short statement, may turn out to begin a section; a long one cannot
    const long = scanner.insideStatement && scanner.position - scanner.keepFrom > shortStatementBytes
    yield* upTo(long ? scanner.position : Math.min(scanner.keepFrom, namer.commentsFrom ?? scanner.keepFrom))
  }
  yield* consider(scanner.scan(Buffer.alloc(0), true))
  yield* upTo(at)
  tally.sizeBytes = at
  if (!tally.trailerSeen) {
    throw new Failure('DUMP_FAILED', 'Cannot dump the database: the last line is not "-- Dump completed"', { retry: 'later' })
  }
}

/** Reads the sections' names off the marks of a dump, and counts rows. */
class SectionNamer {
  readonly #tally: DumpTally
  #used = new Set<string>(['header'])
  #name = 'header'
  /** Where the comments begin that stand before the next statement, or null */
  commentsFrom: number | null = null

  constructor(tally: DumpTally) {
    this.#tally = tally
  }

  see(mark: Mark): { name: string; at: number } | null {
    if (mark.kind === 'comment') return this.#seeComment(mark)
    const from = this.commentsFrom ?? mark.start
    this.commentsFrom = null
    const head = mark.head.toString('utf8')
    if (mark.kind === 'statement') this.#count(mark, head)
    if (
      this.#name.startsWith('table/') &&
      !this.#name.endsWith('/triggers') &&
      head.startsWith('/*!50003 SET @saved_cs_client')
    ) {
      return this.#open(this.#name.replace(/\/(ddl|data)$/, '/triggers'), from)
    }
    if (
      this.#name !== 'header' &&
      this.#name !== 'trailer' &&
      /^\/\*!40\d+ SET (TIME_ZONE=@OLD_TIME_ZONE|SQL_MODE=@OLD_SQL_MODE)/.test(head)
    ) {
      return this.#open('trailer', from)
    }
    return null
  }

  #seeComment(mark: Mark): { name: string; at: number } | null {
    const text = mark.head.toString('utf8')
    this.#tally.trailerSeen = text.startsWith('-- Dump completed')
    if (text.trimEnd() === '--' && this.commentsFrom === null) {
      this.commentsFrom = mark.start
      return null
    }
    const from = this.commentsFrom ?? mark.start
    for (const { text: begin, section } of marks) {
      if (!text.startsWith(begin)) continue
      const name = readQuotedName(text.slice(begin.length)) ?? ''
      if (begin.includes('Table structure')) this.#table(name)
      if (begin.includes('Sequence')) this.#tally.sequences.push(name)
      if (begin.includes('Final view')) this.#tally.views.push(name)
      return this.#open(section(escapeName(name)), from)
    }
    if (this.#tally.trailerSeen && this.#name !== 'trailer') return this.#open('trailer', from)
    if (text.trimEnd() !== '--') this.commentsFrom = null
    return null
  }

  #open(wanted: string, at: number): { name: string; at: number } {
    this.commentsFrom = null
    let name = wanted
    for (let n = 2; this.#used.has(name); n++) name = `${wanted}.${n}`
    this.#used.add(name)
    this.#name = name
    return { name, at }
  }

  #count(mark: Mark, head: string): void {
    const length = mark.end - mark.start
    this.#tally.largestStatementBytes = Math.max(this.#tally.largestStatementBytes, length)
    const match = /^(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+/.exec(head)
    if (match === null) return
    const table = readQuotedName(head.slice(match[0].length))
    if (table === null) throw new Failure('DUMP_FAILED', 'Cannot read the dump: an INSERT names no table')
    const counted = this.#table(table)
    counted.rows += mark.groups
    counted.sizeBytes += length
  }

  #table(name: string): { rows: number; sizeBytes: number } {
    let counted = this.#tally.tables.get(name)
    if (counted === undefined) {
      counted = { rows: 0, sizeBytes: 0 }
      this.#tally.tables.set(name, counted)
    }
    return counted
  }
}

/** A table's name as one part of a path. */
export function escapeName(name: string): string {
  return name.replaceAll(/[%/\p{Cc}]/gu, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)
}
