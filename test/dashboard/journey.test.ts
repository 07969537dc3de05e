import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount } from '../soak.ts'
import type { BackupView, EnvironmentView } from '../../src/contract/schemas.ts'
import { layBadLine } from './badLine.ts'
import { dropFile, openWindow, type Page, type Window } from './browser.ts'
import { initialBytes } from './built.ts'
import { lookAround } from './lookAround.ts'
import { openWorld, type World } from './world.ts'

// What a person does in the dashboard, from the first account to logging out, in Debian's Chromium against a real server. Each test
// goes on where the one before ended.

let world: World
let ada: Window
let archives: Record<'code' | 'database' | 'files', string>
const isRoot = process.getuid?.() === 0
const password = 'four words stand here'
const patience = { timeout: 120_000, interval: 100 }

beforeAll(async () => {
  world = await openWorld()
  ada = await openWindow(world.browser, world.house.url)
})

afterAll(async () => {
  await world?.close()
})

test('what is loaded before the first page is small', () => {
  expect(initialBytes()).toBeLessThanOrEqual(250_000)
})

test('the first account is made with the code that the server printed', async () => {
  const { page } = ada
  await page.goto('/')
  await page.getByText('Nobody has an account here yet').waitFor()
  const [, code = ''] = /#([A-Z0-9-]+) /.exec(world.house.log()) ?? []
  await page.goto(`/setup#${code}`)
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('E-mail address').fill('ada@example.org')
  await page.getByLabel(/^Password/).fill(password)
  await page.getByLabel('The password again').fill(password)
  await press(page, 'Make the account')
  await page.getByRole('heading', { name: 'No site yet' }).waitFor()
})

test('a site is attached after what was found was shown, and a refusal keeps what was typed', async () => {
  const { page } = ada
  await page.getByRole('link', { name: 'Create A New Site' }).first().click()
  await page.getByLabel('Name of the site').fill('typed before')
  await page.getByRole('radio', { name: /^Attach/ }).click()
  await page.getByLabel('Name of the site').filter({ visible: true }).fill('blog')
  await page.getByLabel('Directory on this server').fill('/nowhere/at/all')
  await press(page, 'Look what is there')
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('Name of the site').filter({ visible: true }).inputValue()).toBe('blog')
  await page.getByRole('radio', { name: /^Import Archives/ }).click()
  expect(await page.getByLabel('Name of the site').filter({ visible: true }).inputValue()).toBe('typed before')
  await page.getByRole('radio', { name: /^Attach/ }).click()
  await page.getByLabel('Directory on this server').fill(world.wordpress.directory)
  await page.getByLabel('As which environment').first().click()
  await page.getByRole('option', { name: 'live' }).click()
  await press(page, 'Look what is there')
  await page.getByText(/WordPress 6\.5/).waitFor()
  await press(page, 'Attach blog.live')
  await page.getByRole('heading', { name: 'No backup yet' }).waitFor()
})

test('a backup appears by itself in every window', async () => {
  const { page } = ada
  const second = await openWindow(world.browser, world.house.url, { as: ada.context })
  await second.page.goto('/sites/blog/live/backups/log')
  await second.page.getByRole('heading', { name: 'No backup yet' }).waitFor()
  await press(page, 'Create backup')
  await inDialog(page).getByLabel('Note').fill('the first one')
  await press(inDialog(page), 'Create backup')
  await second.page.locator('[data-jobs=busy]').waitFor()
  await second.page.getByRole('cell', { name: /the first one/ }).waitFor()
  await second.page.locator('[data-jobs=idle]').waitFor()
  await second.page.getByText('Proven').first().waitFor()
  await page.getByText('All of it was read back').waitFor()
  await second.context.close()
})

test('an archive is downloaded under its own name, and by a copied link', async () => {
  const { page } = ada
  await page.getByRole('link', { name: 'Backup Log' }).first().click()
  await page.getByRole('heading', { name: 'Backup Log' }).waitFor()
  const [backup] = await backupsOf('blog', 'live')
  const folder = join(world.ground.directory, 'downloads')
  archives = { code: '', database: '', files: '' }
  for (const element of ['code', 'database', 'files'] as const) {
    const held = backup?.elements.find((one) => one.element === element)
    await page.getByRole('button', { name: new RegExp(`^Download ${element}`, 'i') }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Direct Download')])
    expect(download.suggestedFilename()).toBe(held?.fileName)
    archives[element] = join(folder, download.suggestedFilename())
    await download.saveAs(archives[element])
    expect(sha256(archives[element])).toBe(held?.sha256)
    if (element === 'database') {
      await press(page, 'Copy link')
      const link = await page.evaluate(() => navigator.clipboard.readText())
      const byWget = join(folder, 'by-wget.sql.gz')
      execFileSync('wget', ['-q', '-O', byWget, link])
      expect(sha256(byWget)).toBe(held?.sha256)
      await page.getByText(/Invoke-WebRequest .* -OutFile/).waitFor()
      await page.getByText('The shell stays silent until the download completes').waitFor()
      await press(page, 'Renew')
      await page.getByText(/is good for (59 minutes|1 hour)/).waitFor()
    }
    await page.keyboard.press('Escape')
  }
})

test('a damaged site is restored, live only after its name was typed, and the restore is undone', async () => {
  const { page } = ada
  const plugin = join(world.wordpress.directory, 'wp-content/plugins/hello.php')
  const good = readFileSync(plugin, 'utf8')
  writeFileSync(plugin, '<?php this is not PHP\n')
  rmSync(join(world.wordpress.directory, 'wp-content/uploads/2024'), { recursive: true })
  await page.getByRole('link', { name: 'Restore' }).first().click()
  await press(page, 'Next')
  await press(page, 'Next')
  await page.getByText('A restore is destructive').waitFor()
  await page.getByText('wp-content/plugins/hello.php').waitFor()
  const button = page.getByRole('button', { name: 'Restore blog.live' })
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await page.getByLabel('Type blog.live to confirm').fill('blog.live')
  await button.dblclick() // pressed twice, started once
  await page.getByText('Restore of blog.live: done').first().waitFor()
  expect(readFileSync(plugin, 'utf8')).toBe(good)
  expect(await (await fetch(`${world.php.url}/`)).text()).toContain('wp-block-post-title')
  const { body } = await world.house.api<{ workflows: { kind: string }[] }>('GET', '/v1/workflows?site=blog')
  expect(body.workflows.filter(({ kind }) => kind === 'restore')).toHaveLength(1)
  await page.getByRole('button', { name: 'Undo', exact: true }).first().click()
  await press(inDialog(page), 'Undo')
  await page.getByText('Undo of blog.live: done').first().waitFor()
  expect(readFileSync(plugin, 'utf8')).not.toBe(good)
  await page.goto('/sites/blog/live/backups')
  await press(page, 'Redo')
  await press(inDialog(page), 'Redo')
  await page.getByText('Undo of blog.live: done').first().waitFor()
  expect(readFileSync(plugin, 'utf8')).toBe(good)
})

test.runIf(isRoot)('a site is made by dragging three archives in, though an upload is cut', async () => {
  const line = await layBadLine(world.house.url)
  const { page, context, complaints } = await openWindow(world.browser, line.url, { as: ada.context })
  await page.goto('/sites/new')
  await page.getByLabel('Name of the site').fill('shop')
  await page.getByLabel('Provide separate code, database, and files archives').check()
  for (const element of ['database', 'files', 'code'] as const) {
    const word = `${element.charAt(0).toUpperCase()}${element.slice(1)}`
    const field = page.getByRole('group', { name: word, exact: true })
    expect(await field.getByRole('radio', { name: 'URL' }).isChecked()).toBe(true)
    await field.getByText('File', { exact: true }).click()
    const path = archives[element]
    const file = { name: path.slice(path.lastIndexOf('/') + 1), bytes: readFileSync(path) }
    const held = element === 'code' ? line.holdAfter(file.bytes.length / 3) : null
    await dropFile(page, `[aria-label="${word}: choose a file"]`, file)
    if (held !== null) {
      await held
      await field.getByText(/^\d+ %/).waitFor()
      await line.cut(3000)
    }
    await field.getByText('Uploaded whole, and its SHA-256 is right').waitFor()
  }
  await press(page, 'Look what is in it')
  await page.getByText(/WordPress 6\.5/).waitFor()
  expect((await world.house.api('GET', '/v1/sites/shop')).status).toBe(404) // nothing was made yet
  await press(page, 'Import Site')
  await page.getByText('New site of shop: done').first().waitFor()
  const { body } = await world.house.api<EnvironmentView>('GET', '/v1/sites/shop/environments/dev')
  expect(body.managed?.release).toBeGreaterThan(0)
  expect(complaints).toEqual([])
  await context.close()
  line.close()
})

test.runIf(isRoot)('a database is imported by our own link, and slowly from elsewhere, with honest progress', async () => {
  const { page } = ada
  const [backup] = await backupsOf('blog', 'live')
  const { body } = await world.house.api<{ url: string }>('POST', `/v1/backups/${backup?.id}/links`, { element: 'database' })
  const give = async (url: string): Promise<void> => {
    await page.goto('/sites/shop/dev/workflow')
    await page.getByLabel('Database: URL', { exact: true }).fill(url)
    await page.getByRole('button', { name: 'Import', exact: true }).first().click()
    await press(inDialog(page), 'Import')
    await page.getByRole('heading', { name: 'Import of shop.dev' }).waitFor()
  }
  await give(body.url)
  await page.getByText('Import of shop.dev: done').first().waitFor()
  world.elsewhere.give(readFileSync(archives.database))
  await give(world.elsewhere.url)
  const steps = amount({ few: 4, many: 20 })
  for (let step = 1; step < steps; step++) {
    const [before, now] = [((step - 1) * 100) / steps, (step * 100) / steps]
    await world.elsewhere.sendTo(now, amount({ few: 1200, many: 6000 }))
    await expect.poll(() => shownPercent(page), patience).toBeGreaterThan((before + now) / 2 - 1)
    expect(await shownPercent(page)).toBeLessThanOrEqual(now) // never more than there is
  }
  await world.elsewhere.sendTo(100, 0)
  await page.getByText('Import of shop.dev: done').first().waitFor()
})

test.runIf(isRoot)('code is deployed up, content cloned down', async () => {
  const { page } = ada
  for (const [target, typed] of [
    ['test', null],
    ['live', 'shop.live'],
  ] as const) {
    await page.goto(`/sites/shop/${target}/code`)
    await page.getByRole('button', { name: /^Deploy/ }).click()
    if (typed !== null) await page.getByLabel(`Type ${typed} to confirm`).fill(typed)
    await press(inDialog(page), `Deploy to ${target}`)
    await page.getByText(`Deploy of shop.${target}: done`).first().waitFor()
  }
  await page.goto('/sites/shop/test/workflow?part=clone')
  await press(page, 'Clone live into test')
  await press(inDialog(page), 'Clone')
  await page.getByText('Clone of shop.test: done').first().waitFor()
})

test.runIf(isRoot)('the safe path to live: restore to test, deploy, clone', async () => {
  const { page } = ada
  await page.goto('/sites/shop/live/backups')
  await page.getByRole('button', { name: 'Create backup' }).click()
  await press(inDialog(page), 'Create backup')
  await page.getByText('All of it was read back').waitFor()
  await page.goto('/sites/shop/live/backups/log')
  await page.getByRole('link', { name: 'Restore' }).first().click()
  await press(page, 'Next')
  await press(page, 'Next')
  await press(page, 'Take the safe path: restore to test')
  await press(page, 'Restore shop.test')
  await page.getByText('Restore of shop.test: done').first().waitFor()
  await page.getByRole('button', { name: 'Deploy test to live' }).waitFor()
  await page.getByRole('link', { name: 'Clone content from test to live' }).click()
  await press(page, 'Clone test into live')
  await page.getByLabel('Type shop.live to confirm').fill('shop.live')
  await press(inDialog(page), 'Clone')
  await page.getByText('Clone of shop.live: done').first().waitFor()
})

test('a machine token is shown once, and works', async () => {
  const { page } = ada
  await page.goto('/account')
  await press(page, 'Create machine token')
  await inDialog(page).getByLabel('Name').fill('cron on web-1')
  await press(inDialog(page), 'Create')
  const token = await inDialog(page).locator('pre', { hasText: 'cairn_' }).innerText()
  const answer = await fetch(`${world.house.url}/v1/whoami`, { headers: { authorization: `Bearer ${token.trim()}` } })
  expect([answer.status, ((await answer.json()) as { email: string }).email]).toEqual([200, 'ada@example.org'])
  await press(inDialog(page), 'I have copied it')
  await page.getByRole('cell', { name: 'cron on web-1', exact: true }).waitFor()
})

test('somebody invited as a viewer sees what runs, and may not', async () => {
  const { page } = ada
  await page.goto('/administration/people')
  await press(page, 'Invite a person')
  await inDialog(page).getByLabel('E-mail address').fill('vera@example.org')
  await press(inDialog(page), 'Invite')
  const link = await inDialog(page).locator('pre').innerText()
  const vera = await openWindow(world.browser, world.house.url)
  await vera.page.goto(link.trim())
  await vera.page.getByLabel(/^Password/).fill(password)
  await vera.page.getByLabel('The password again').fill(password)
  await press(vera.page, 'Set the password and log in')
  await vera.page.getByRole('link', { name: 'live' }).first().waitFor()
  await vera.page.goto('/sites/blog/live/backups')
  const button = vera.page.getByRole('button', { name: 'Create backup' })
  await button.waitFor()
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  expect(await button.getAttribute('aria-description')).toContain('operator')
  const refused = await vera.page.evaluate(async () => {
    const body = JSON.stringify({ elements: ['code'] })
    const headers = { 'content-type': 'application/json' }
    return (await fetch('/v1/sites/blog/environments/live/backups', { method: 'POST', headers, body })).status
  })
  expect(refused).toBe(403)
  const busy = vera.page.locator('[data-jobs=busy]').waitFor()
  await world.house.api('POST', '/v1/sites/blog/environments/live/backups', { elements: ['database'] })
  await busy // of somebody else, at once
  await vera.page.locator('[data-jobs=idle]').waitFor()
  expect(vera.complaints).toEqual([])
  await vera.context.close()
})

test('a page that is left open through a restart of the server goes on by itself', async () => {
  const { page } = ada
  await page.goto('/sites/blog/live/backups/log')
  await page.getByRole('cell', { name: /the first one/ }).waitFor()
  await world.house.stop()
  await page.getByLabel('Cairn does not answer at the moment').waitFor()
  await world.house.start()
  await world.house.cairn('backup:create', 'blog.live', '--element=db', '--note=after the restart')
  await page.getByRole('cell', { name: /after the restart/ }).waitFor()
  expect(await page.getByLabel('Cairn does not answer at the moment').count()).toBe(0)
})

test('the key of the repository stays shown until it was kept, though it counts as exported at once', async () => {
  const { page } = ada
  await page.goto('/administration')
  await page.getByText('The key of the repository was never exported').waitFor()
  await press(page, 'Export the key')
  await inDialog(page).getByText('cairn-key-').waitFor()
  await page.getByText('It was exported').waitFor()
  expect(await inDialog(page).getByText('cairn-key-').count()).toBe(1)
  await press(inDialog(page), 'I have kept it')
})

test('a refusal in a window keeps what was typed and the keyboard, and is not said again in the next one', async () => {
  const { page } = ada
  await page.goto('/administration/people')
  await press(page, 'Invite a person')
  const address = inDialog(page).getByLabel('E-mail address')
  await address.fill('ada@example.org')
  const button = inDialog(page).getByRole('button', { name: 'Invite', exact: true })
  await button.press('Enter')
  await inDialog(page).getByRole('alert').waitFor()
  expect(await address.inputValue()).toBe('ada@example.org')
  await expect.poll(() => button.evaluate((it) => it === document.activeElement)).toBe(true)
  await page.keyboard.press('Escape')
  await press(page, 'Invite a person')
  await address.waitFor()
  expect(await inDialog(page).getByRole('alert').count()).toBe(0)
  await page.keyboard.press('Escape')
})

test('axe finds nothing on any page: light and dark, wide and narrow', async () => {
  const [backup] = await backupsOf('blog', 'live')
  const { body } = await world.house.api<{ workflows: { id: string }[] }>('GET', '/v1/workflows?limit=1')
  const more = [`/sites/blog/live/backups/${backup?.id}/restore?step=changes`, `/workflows/${body.workflows[0]?.id}`]
  expect(await lookAround(world, ada, more)).toEqual({ barriers: {}, complaints: [] })
})

test('an attached site is attached again, and detached together with what could be undone', async () => {
  const { page } = ada
  await page.goto('/sites/blog/live/settings')
  await press(page, 'Attach again…')
  await press(inDialog(page), 'Look what is there')
  await inDialog(page).getByText('Is it right?').waitFor()
  await press(inDialog(page), 'Keep this')
  await page.getByText('Attached blog.live again').waitFor()
  await press(page, 'Detach…')
  await inDialog(page)
    .getByLabel(/^Delete this too/)
    .check()
  await inDialog(page).getByLabel('Type blog.live to confirm').fill('blog.live')
  await press(inDialog(page), 'Detach')
  await page.getByText('Detaching of blog.live: done').first().waitFor()
  expect((await world.house.api('GET', '/v1/sites/blog/environments/live')).status).toBe(404)
  expect(await (await fetch(`${world.php.url}/`)).text()).toContain('wp-block-post-title')
})

test('logging out ends it', async () => {
  const { page } = ada
  await page.goto('/')
  await page.getByRole('button', { name: /^Account menu/ }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await page.goto('/account')
  await page.getByLabel('E-mail address').fill('ada@example.org')
  await page.getByLabel(/^Password/).fill(password)
  await press(page, 'Log in')
  await page.getByRole('heading', { name: 'Account' }).waitFor()
  expect(ada.complaints).toEqual([])
})

/** What the bar says of the step that is under way; -1 where it says nothing */
async function shownPercent(page: Page): Promise<number> {
  const label = await page.getByRole('progressbar').first().getAttribute('aria-label')
  return Number(/ (\d+) %$/.exec(label ?? '')?.[1] ?? -1)
}

type Place = Pick<Page, 'getByRole'>

async function press(place: Place, name: string): Promise<void> {
  await place.getByRole('button', { name, exact: true }).click()
}

function inDialog(page: Page) {
  return page.getByRole('dialog')
}

async function backupsOf(site: string, environment: string): Promise<BackupView[]> {
  const { body } = await world.house.api<{ backups: BackupView[] }>(
    'GET',
    `/v1/sites/${site}/environments/${environment}/backups`,
  )
  return body.backups
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
