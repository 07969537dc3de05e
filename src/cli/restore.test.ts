import { expect, test } from 'vitest'
import { Interrupted } from './ask.ts'
import { restored } from './commands/backupRestore.ts'
import { backup, backupId, harness, run, workflow } from './testing.suite.ts'

const { serve } = harness()
const dev = '/v1/sites/blog/environments/dev'
const live = '/v1/sites/blog/environments/live'

test('a restore without a person ends with 6 and asks nothing of the server, unless it was confirmed', async () => {
  const { env, seen } = await serve({
    [`GET ${dev}/backups`]: () => ({ backups: [backup()], unfinished: [] }),
    'GET /v1/sites/blog': () => ({ environments: ['dev', 'live'] }),
    [`GET ${live}/backups`]: () => ({ backups: [backup({ environment: 'live' })], unfinished: [] }),
    [`POST ${dev}/restore`]: () => ({ workflow: workflow(), existing: false }),
    [`POST ${live}/restore`]: () => ({ workflow: workflow(), existing: false }),
  })
  for (const argv of [
    ['blog.dev'],
    ['blog.dev', '-n'],
    ['blog.live', '--yes'],
    ['blog.live', '--yes', '--confirm=blog.dev'],
    ['blog.live', '--confirm=blog.live'],
  ]) {
    const { exit, err } = await run(['backup:restore', ...argv], { env })
    expect(exit, argv.join(' ')).toBe(6)
    expect(err).toContain('This is destructive: it wipes code, files and database of blog.')
  }
  expect((await run(['backup:restore', 'blog.live', '-n'], { env, tty: true, answers: ['blog.live'] })).exit).toBe(6)
  expect(seen.filter(({ method }) => method === 'POST')).toEqual([])
  expect((await run(['backup:restore', 'blog.dev', '--yes'], { env })).exit).toBe(0)
  expect((await run(['backup:restore', 'blog.live', '--yes', '--confirm=blog.live', '--element=db'], { env })).exit).toBe(0)
  expect(seen.findLast(({ method }) => method === 'POST')?.body).toMatchObject({
    backup: backupId,
    elements: ['database'],
    confirm: 'blog.live',
    safetyBackup: true,
  })
})

test('on live a person must type the name, elsewhere a yes is enough; a no changes nothing', async () => {
  const { env, seen } = await serve({
    [`GET ${dev}/backups`]: () => ({ backups: [backup()], unfinished: [] }),
    'GET /v1/sites/blog': () => ({ environments: ['dev', 'live'] }),
    [`GET ${live}/backups`]: () => ({ backups: [backup({ environment: 'live' })], unfinished: [] }),
    [`POST ${live}/restore`]: () => ({ workflow: workflow(), existing: false }),
  })
  const wrong = await run(['backup:restore', 'blog.live'], { env, tty: true, answers: ['blog.dev'] })
  expect(wrong.exit).toBe(6)
  expect(wrong.err).toContain('Restore to dev first (--to-env=dev)')
  const no = await run(['backup:restore', 'blog.dev'], { env, tty: true, answers: [false] })
  expect([no.exit, no.err]).toEqual([
    6,
    expect.stringMatching(/"Restore blog\.dev\?" was answered with no.*Nothing was changed/s),
  ])
  const left = await run(['backup:restore', 'blog.dev'], { env, tty: true, answers: [new Interrupted('left')] })
  expect(left.exit).toBe(130)
  expect(seen.filter(({ method }) => method === 'POST')).toEqual([])
  expect((await run(['backup:restore', 'blog.live'], { env, tty: true, answers: ['blog.live'] })).exit).toBe(0)
})

test('a live site that has nothing else is advised what it can do', async () => {
  const { env } = await serve({
    'GET /v1/sites/blog': () => ({ environments: ['live'] }),
    [`GET ${live}/backups`]: () => ({ backups: [backup({ environment: 'live' })], unfinished: [] }),
  })
  const { exit, err } = await run(['backup:restore', 'blog.live'], { env })
  expect(exit).toBe(6)
  expect(err).toMatch(/no test or dev of it.*--dry-run.*env:undo blog\.live/)
  expect(err).not.toContain('first (--to-env')
})

test('a damaged or a safety backup is never the latest, and --file without --element means its element', async () => {
  const damaged = backup({ id: 'damaged', state: 'damaged', momentAt: '2026-04-01T10:00:00.000Z', elements: [] })
  const elements = backup().elements.map((held) => ({ ...held, fileName: `later_${held.fileName}` }))
  const safety = backup({ id: 'safety', trigger: 'safety', momentAt: '2026-03-31T10:00:00.000Z', elements })
  const plan = {
    backup: backupId,
    environment: 'blog.dev',
    mode: 'apply',
    code: null,
    files: null,
    database: null,
    spaceNeededBytes: 9,
    spaceFreeBytes: 1,
    estimatedSeconds: 1,
    warnings: [],
  }
  const { env, seen } = await serve({
    [`GET ${dev}/backups`]: () => ({ backups: [damaged, safety, backup()], unfinished: [] }),
    [`POST ${dev}/restore`]: () => ({ plan }),
  })
  const file = backup().elements[1]?.fileName ?? ''
  const { exit, out } = await run(['backup:restore', 'blog.dev', `--file=${file}`, '--dry-run', '--json'], { env })
  expect(exit).toBe(2) // space lacks
  expect((await run(['backup:info', 'blog.dev', '--field=backup'], { env })).out).toBe(`${backupId}\n`)
  expect(JSON.parse(out)).toEqual(plan)
  expect(seen.findLast(({ method }) => method === 'POST')?.body).toMatchObject({
    backup: backupId,
    elements: ['files'],
    dryRun: true,
  })
  const near = await run(['backup:info', 'blog.dev', `--file=${file.replace('files', 'flies')}`], { env })
  expect(near.exit).toBe(4)
  expect(near.err).toContain(`Did you mean "${file}"?`)
})

test('what was restored is told as what it is', () => {
  expect(restored('shop.dev', null, ['code', 'files', 'database'], 'noon')).toBe('shop.dev is back at noon.')
  expect(restored('shop.dev', null, ['files', 'database'], 'noon')).toBe('shop.dev has its files and database of noon again.')
  expect(restored('shop.dev', 'shop.live', ['database'], 'noon')).toBe(
    'shop.dev has the database of the backup of shop.live of noon.',
  )
})
