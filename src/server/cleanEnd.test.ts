import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestState, type TestState } from '../state/testing.ts'
import { leaveCleanMark, takeCleanMark } from './cleanEnd.ts'

let state: TestState
const data = mkdtempSync(join(tmpdir(), 'cairn-clean-'))
beforeAll(async () => void (state = await startTestState()))
afterAll(async () => {
  await state.stop()
  rmSync(data, { recursive: true })
})

test('an end in good order is known once, by the state database that saw it', async () => {
  expect(await takeCleanMark(data, state.db)).toBe(false)
  await leaveCleanMark(data, state.db)
  await leaveCleanMark(data, state.db)
  expect(await takeCleanMark(data, state.db)).toBe(true)
  expect(await takeCleanMark(data, state.db)).toBe(false) // a server that crashed since
})

test('a state database that was lost, or is an older copy, is told from it', async () => {
  await leaveCleanMark(data, state.db)
  await sql`update setting set value = '"of an earlier end"' where key = 'clean_end'`.execute(state.db)
  expect(await takeCleanMark(data, state.db)).toBe(false)
  await leaveCleanMark(data, state.db)
  await sql`delete from setting where key = 'clean_end'`.execute(state.db)
  expect(await takeCleanMark(data, state.db)).toBe(false)
})
