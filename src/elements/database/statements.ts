import { Failure } from '../../base/failure.ts'
import type { Mark } from './mark.ts'
import { SqlScanner } from './scanner.ts'

export interface Statement {
  /** Without its delimiter; belongs to the receiver */
  sql: Buffer
  mark: Mark
}

/** mysqldump's own limit of one packet; a longer statement cannot have come from a dump. */
const statementBytesMax = 256 << 20

/**
 * The statements of a dump, one at a time; memory is one statement and one chunk.
 *
 * @throws {Failure} LOAD_FAILED for a statement that no delimiter ends, or longer than 256 MiB
 */
export async function* statementsOf(
  stream: AsyncIterable<Buffer>,
  onComment: (text: string) => void = () => {},
): AsyncGenerator<Statement> {
  const scanner = new SqlScanner()
  let pieces: { at: number; data: Buffer }[] = []
  let at = 0
  const take = (start: number, end: number): Buffer => {
    const parts: Buffer[] = []
    for (const piece of pieces) {
      const from = Math.max(start, piece.at)
      const to = Math.min(end, piece.at + piece.data.length)
      if (from < to) parts.push(piece.data.subarray(from - piece.at, to - piece.at))
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }
  function* statements(marks: Iterable<Mark>): Generator<Statement> {
    for (const mark of marks) {
      if (mark.kind === 'comment') onComment(mark.head.toString('utf8'))
      if (mark.kind !== 'statement') continue
      if (!mark.closed) {
        throw new Failure('LOAD_FAILED', 'Cannot load the dump: its last statement has no end', {
          hint: 'The dump was cut off; take another backup',
        })
      }
      yield { sql: take(mark.start, mark.end), mark }
    }
  }
  for await (const data of stream) {
    pieces.push({ at, data })
    at += data.length
    yield* statements(scanner.scan(data))
    pieces = pieces.filter((piece) => piece.at + piece.data.length > scanner.keepFrom)
    if (at - scanner.keepFrom > statementBytesMax) {
      throw new Failure('LOAD_FAILED', `Cannot load the dump: a statement is longer than ${statementBytesMax} bytes`)
    }
  }
  yield* statements(scanner.scan(Buffer.alloc(0), true))
}
