import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mark } from './mark.ts'
import { SqlScanner } from './scanner.ts'
import { statementsOf } from './statements.ts'

function marksOf(text: Buffer, cuts: readonly number[] = []): Mark[] {
  const scanner = new SqlScanner()
  const marks: Mark[] = []
  let at = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut <= at || cut >= text.length) continue
    marks.push(...scanner.scan(text.subarray(at, cut)))
    at = cut
  }
  marks.push(...scanner.scan(text.subarray(at)), ...scanner.scan(Buffer.alloc(0), true))
  return marks
}

function groups(text: string): number[] {
  return marksOf(Buffer.from(text)).map((mark) => mark.groups)
}

async function* cutOff(): AsyncGenerator<Buffer> {
  yield Buffer.from('SELECT 1;\nINSERT INTO t VALUES (1')
}

function statements(text: string): string[] {
  const buffer = Buffer.from(text)
  return marksOf(buffer)
    .filter(({ kind }) => kind === 'statement')
    .map(({ start, end }) => buffer.toString('utf8', start, end).trim())
}

const parts = [
  "'it''s; -- no'",
  "'a\\'b;\\\\'",
  '"x;y"',
  '`a;``b`',
  '-- note; here\n',
  '# note;\n',
  '/* c; */',
  '/*!50001 ',
  ' */',
  '/*M!100100 ',
  '--1',
  ' - - ',
  ';',
  ';;',
  '\nDELIMITER ;;\n',
  '\nDELIMITER ;\n',
  '\n',
  ' ',
  'INSERT INTO t VALUES',
  '(1,2)',
  ',',
  'v',
  'é',
  '/',
  '*',
  '-',
  '\\',
  "'",
  '"',
  '`',
  "SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES';",
  "SET sql_mode='';",
  '/*M!999999\\- enable the sandbox mode */ \n',
] as const

test('any chunk boundary gives the same marks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...parts), { maxLength: 40 }),
      fc.array(fc.nat(300), { maxLength: 30 }),
      (pieces, cuts) => {
        const text = Buffer.from(pieces.join(''))
        expect(marksOf(text, cuts)).toEqual(marksOf(text))
        expect(
          marksOf(
            text,
            Array.from({ length: text.length }, (_, i) => i),
          ),
        ).toEqual(marksOf(text))
      },
    ),
    { numRuns: 1500 },
  )
})

test('statements made of whole strings, names and comments are cut where they were joined', () => {
  const body = fc.array(
    fc.oneof(
      fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
      fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
      fc.string().map((text) => `\`${text.replaceAll('`', '``')}\``),
      fc.string().map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`),
      fc.string().map((text) => `/* ${text.replaceAll('*', '')} */`),
      fc.string().map((text) => `-- ${text.replaceAll('\n', ' ')}\n`),
      fc.constantFrom('(1,2)', ',', ' ', '0x00ff', '/*!50001 x */', '1-2', '1/2'),
    ),
    { minLength: 1, maxLength: 12 },
  )
  fc.assert(
    fc.property(fc.array(body, { maxLength: 8 }), fc.constantFrom(';', ';;', '//', '$$'), (list, delimiter) => {
      const whole = list.map((pieces) => `SELECT ${pieces.join(' ')}`)
      const text = `DELIMITER ${delimiter}\n${whole.map((sql) => `${sql}\n${delimiter}\n`).join('')}`
      expect(statements(text)).toEqual(whole.map((sql) => sql.trim()))
    }),
    { numRuns: 1000 },
  )
})

test('bodies between DELIMITER lines stay whole', () => {
  const body =
    "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW BEGIN\n-- it's; here\nSET NEW.a = 'x;'; /* ; */ SET NEW.b = 1; END"
  expect(statements(`SELECT 1;\nDELIMITER ;;\n${body};;\ndelimiter ;\nSELECT 2;`)).toEqual(['SELECT 1', body, 'SELECT 2'])
})

test('NO_BACKSLASH_ESCAPES and ANSI_QUOTES change where a string ends, from the statement that sets them on', () => {
  expect(statements("SET sql_mode='NO_BACKSLASH_ESCAPES';SELECT 'a\\';SELECT 2;SET sql_mode=@saved;SELECT 'a\\';b';")).toEqual([
    "SET sql_mode='NO_BACKSLASH_ESCAPES'",
    "SELECT 'a\\'",
    'SELECT 2',
    'SET sql_mode=@saved',
    "SELECT 'a\\';b'",
  ])
  expect(statements('/*!50003 SET sql_mode = \'ANSI_QUOTES\' */ ;SELECT "a\\";SELECT 2;')).toHaveLength(3)
})

test('the sandbox line is left out on the first line only', () => {
  const line = '/*M!999999\\- enable the sandbox mode */ \n'
  expect(statements(`${line}SELECT 1;`)).toEqual(['SELECT 1'])
  expect(statements(`\n${line}SELECT 1;`)).toEqual([`${line}SELECT 1`])
})

test('groups of an INSERT are its rows, whatever stands in strings and column lists', () => {
  expect(groups("INSERT INTO `values` (`a`, `b`) VALUES (1,'(2),(3)'),\n(4,(5)),(6,7);")).toEqual([3])
  expect(groups('INSERT INTO t values (1),(2);INSERT INTO t VALUES\n(3);')).toEqual([2, 1])
})

test('a statement that no delimiter ends is refused', async () => {
  const statements = statementsOf(cutOff())
  expect((await statements.next()).value?.sql.toString()).toBe('SELECT 1')
  await expect(statements.next()).rejects.toMatchObject({ code: 'LOAD_FAILED' })
})
