import { expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import type { BootResult } from '../../runtime/types.ts'
import { bootsOf, judgeTrial } from './tryRelease.ts'

const well: BootResult = { ok: true, status: 200, title: 'A site', error: null, path: null, isIsolated: true }
const broken: BootResult = {
  ok: false,
  status: 500,
  title: null,
  error: 'Call to undefined function a()',
  path: '/',
  isIsolated: true,
}
const installer: BootResult = { ...broken, status: 302, error: 'it sends its visitors to the installer' }

const judge = async (result: BootResult | null, current: BootResult | null, visited = current?.status ?? null) => {
  const run = quietRun()
  const tried = await judgeTrial(result, { boot: async () => current, failsVisitors: async () => visited }, run)
  return { ...tried, warnings: run.warnings.map(({ code }) => code) }
}

test('a release that boots, or is not asked, is taken', async () => {
  expect(await judge(well, broken)).toEqual({ isBroken: false, said: [], warnings: [] })
  expect(await judge(null, null)).toEqual({ isBroken: false, said: [], warnings: [] })
})

test.each([
  ['runs', well],
  ['fails in another way', installer],
  ['fails at another page', { ...broken, path: '/wp-login.php' }],
  ['is not there', null],
])('one that does not boot is refused where the current one %s', async (_how, current) => {
  await expect(judge(broken, current)).rejects.toMatchObject({
    code: 'VERIFY_FAILED',
    message: 'Cannot use the new release: at "/" Call to undefined function a()',
  })
})

test('one that fails only for want of a network is refused, though the current one fails in the trial as well', async () => {
  await expect(judge(broken, broken, null)).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
})

test('one that does not answer in time is refused, though the current one is as late', async () => {
  const late = { ...broken, status: null, error: 'it does not answer within 60 s' }
  await expect(judge(late, late, 500)).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
})

test('it is taken with a warning where the current one is as broken, for a part of it is mended by that', async () => {
  const before = { ...broken, error: 'Call to undefined function b()' }
  expect(await judge(broken, before)).toEqual({ isBroken: true, said: [], warnings: ['RELEASE_BROKEN'] })
})

test('a trial that could have reached the network says so', async () => {
  expect((await judge({ ...well, isIsolated: false }, null)).said.join()).toContain('no namespaces')
})

test('a WordPress in a folder of its own has its login in there', () => {
  expect(bootsOf({ framework: 'wordpress', docroot: 'web', coreDirectory: 'web/wp' }).loginPath).toBe('/wp/wp-login.php')
  expect(bootsOf({ framework: 'wordpress', docroot: '', coreDirectory: '' }).loginPath).toBe('/wp-login.php')
})
