import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BackupView } from '../../src/contract/schemas.ts'
import type { Started, WorkflowView } from '../../src/contract/workSchemas.ts'
import { type BrowserContext, openWindow, type Page } from './browser.ts'
import { openWorld, type World } from './world.ts'

/** `npm run screenshots`: every page, light, dark and as on a phone, into `screenshots/`. */
const folder = join(import.meta.dirname, '../../screenshots')
const looks = {
  light: { width: 1280, height: 800, dark: false },
  dark: { width: 1280, height: 800, dark: true },
  phone: { width: 390, height: 844, dark: false },
}

mkdirSync(folder, { recursive: true })
const world = await openWorld()
try {
  const { backup, failed } = await seed(world)
  const signedIn = await logIn(world)
  const restore = `/sites/blog/live/backups/${backup}/restore`
  const pages: Record<string, string> = {
    ...{ sites: '/', 'create-site': '/sites/new', 'create-site-attach': '/sites/new?way=attach' },
    ...{ 'create-site-backup': '/sites/new?way=backup', 'create-site-empty': '/sites/new?way=empty' },
    ...{ backups: '/sites/blog/live/backups', 'backup-log': '/sites/blog/live/backups/log' },
    ...{ 'restore-elements': restore, 'restore-target': `${restore}?step=target`, 'restore-changes': `${restore}?step=changes` },
    ...{ code: '/sites/shop/dev/code', 'empty-environment': '/sites/shop/live/backups', workflow: '/sites/shop/dev/workflow' },
    ...{ clone: '/sites/shop/dev/workflow?part=clone', 'search-replace': '/sites/shop/dev/workflow?part=search-replace' },
    wipe: '/sites/shop/dev/workflow?part=wipe',
    ...{ settings: '/sites/shop/dev/settings', 'settings-attached': '/sites/blog/live/settings' },
    ...{ workflows: '/workflows', 'workflow-failed': `/workflows/${failed}`, account: '/account' },
    ...{ repository: '/administration', people: '/administration/people', audit: '/administration/audit' },
    ...{ 'installation-settings': '/administration/settings', help: '/help/troubleshooting' },
  }
  for (const [name, look] of Object.entries(looks)) {
    const { page, context } = await openWindow(world.browser, world.house.url, { ...look, as: signedIn })
    for (const [title, path] of Object.entries(pages)) await shoot(page, path, `${title}-${name}`)
    await page.goto('/sites/blog/live/settings')
    await page.getByRole('button', { name: 'Attach again…' }).click()
    await page.getByRole('button', { name: 'Look what is there' }).click()
    await page.getByText('Is it right?').waitFor()
    await page.waitForTimeout(300)
    await page.screenshot({ path: join(folder, `attach-again-${name}.png`) })
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Detach…' }).click()
    await page.getByLabel('Type blog.live to confirm').waitFor()
    await page.waitForTimeout(300)
    await page.screenshot({ path: join(folder, `detach-${name}.png`) })
    await page.goto('/sites/blog/live/backups/log')
    await page
      .getByRole('button', { name: /^Download Database/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Lines for a terminal' }).click()
    await page.getByText('PowerShell').waitFor()
    await page.waitForTimeout(300)
    await page.screenshot({ path: join(folder, `download-${name}.png`) })
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Jobs/ }).click()
    await page.getByText('All workflows').waitFor()
    await page.waitForTimeout(300)
    await page.screenshot({ path: join(folder, `jobs-${name}.png`) })
    await context.close()
    const stranger = await openWindow(world.browser, world.house.url, look)
    for (const title of ['setup', 'login', 'not-found']) await shoot(stranger.page, `/${title}`, `${title}-${name}`)
    await stranger.context.close()
  }
  console.log(`the Sites page is painted after ${await paintMs(world, signedIn)} ms, with nothing of it in the browser`)
  console.log(`screenshots of ${Object.keys(pages).length + 7} pages are in ${folder}`)
} finally {
  await world.close()
}

async function shoot(page: Page, path: string, name: string): Promise<void> {
  await page.goto(path)
  await page.locator('main').first().waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

/** From asking for the page to the first row of its table. */
async function paintMs({ browser, house }: World, as: BrowserContext): Promise<number> {
  const { page, context } = await openWindow(browser, house.url, { as })
  await page.goto('/')
  await page.getByRole('row').nth(1).waitFor()
  const ms = await page.evaluate(() => Math.round(performance.now()))
  await context.close()
  return ms
}

/** By a one-time link: the set-up page stays what a new installation shows. */
async function logIn({ browser, house }: World): Promise<BrowserContext> {
  const { stdout } = await house.cairn('auth:login-link')
  const { page, context } = await openWindow(browser, house.url)
  await page.goto(stdout.trim())
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Sites' }).waitFor()
  return context
}

/** So that a restore has something to show. */
function damage({ directory, uploads }: World['wordpress']): void {
  writeFileSync(join(directory, 'wp-content/plugins/hello.php'), '<?php this is not PHP\n')
  writeFileSync(join(directory, 'wp-content/plugins/left-over.php'), '<?php\n')
  const year = readdirSync(uploads).find((name) => /^\d{4}$/.test(name)) // beside an undo set
  if (year !== undefined) rmSync(join(uploads, year), { recursive: true })
}

async function seed({ house, wordpress }: World): Promise<{ backup: string; failed: string }> {
  const must = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await house.cairn(...args)
    if (code !== 0 && code !== 3) throw new Error(`cairn ${args.join(' ')}: ${stderr}`)
  }
  await must('site:attach', 'blog.live', `--path=${wordpress.directory}`, '--label=Company blog', '--yes')
  await must('backup:create', 'blog.live', '--note=before the redesign')
  await must('backup:create', 'blog.live', '--element=db', '--keep-for=30')
  await must('backup:lock', 'blog.live')
  await must('backup:create', 'blog.live')
  const { body } = await house.api<{ backups: BackupView[] }>('GET', '/v1/sites/blog/environments/live/backups')
  const backup = body.backups[0]?.id ?? ''
  await must('backup:restore', 'blog.live', '--element=files', '--no-safety-backup', '--yes', '--confirm=blog.live')
  await must('site:create', 'shop', `--from-backup=${backup}`, '--label=The shop')
  await must('env:deploy', 'shop.test', '--note=New theme')
  await must('backup:create', 'shop.dev')
  damage(wordpress)
  const given = { element: 'database', from: { url: 'http://127.0.0.1:1/not-there.sql.gz' } }
  const { body: started } = await house.api<Started>('POST', '/v1/sites/shop/environments/dev/import', given)
  let workflow: WorkflowView = started.workflow
  while (workflow.state === 'queued' || workflow.state === 'running') {
    workflow = (await house.api<WorkflowView>('GET', `/v1/workflows/${workflow.id}/wait?seconds=20`)).body
  }
  return { backup, failed: workflow.id }
}
