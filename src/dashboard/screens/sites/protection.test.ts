import { expect, test } from 'vitest'
import type { EnvironmentOverview } from '../../../contract/overviewSchemas.ts'
import { protectionOf, worstOf } from './protection.ts'

const now = Date.parse('2026-03-10T12:00:00Z')
const at = (momentAt: string, state: 'proven' | 'damaged' = 'proven') => ({
  id: 'B',
  momentAt,
  state,
  warnings: 0,
  archiveBytes: 1,
})
const environment = (change: Partial<EnvironmentOverview>): EnvironmentOverview => ({
  ...{ name: 'live', kind: 'attached', url: null, empty: false, lastBackup: null, failedSince: null, backups: 0 },
  ...change,
})

test('an environment is protected by a young backup, and not when a later one failed', () => {
  expect(protectionOf(environment({}), now)).toBe('none')
  expect(protectionOf(environment({ lastBackup: at('2026-03-10T00:00:00Z') }), now)).toBe('protected')
  expect(protectionOf(environment({ lastBackup: at('2026-03-01T00:00:00Z') }), now)).toBe('old')
  expect(protectionOf(environment({ lastBackup: at('2026-03-10T00:00:00Z', 'damaged') }), now)).toBe('problem')
  const failedSince = { workflow: 'W', at: '2026-03-10T01:00:00Z', message: 'no' }
  expect(protectionOf(environment({ lastBackup: at('2026-03-10T00:00:00Z'), failedSince }), now)).toBe('problem')
  expect(protectionOf(environment({ empty: true }), now)).toBe('empty')
})

test('a site is as well protected as its worst environment', () => {
  const site = { name: 's', label: 's', framework: null, createdAt: '', archiveBytes: 0 }
  const good = environment({ lastBackup: at('2026-03-10T00:00:00Z') })
  expect(worstOf({ ...site, environments: [good, environment({})] }, now)).toBe('none')
  expect(worstOf({ ...site, environments: [good, environment({ empty: true })] }, now)).toBe('protected')
})
