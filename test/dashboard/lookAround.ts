import { isSoak, seedOr } from '../soak.ts'
import { findBarriers, openWindow, type Page, type Window } from './browser.ts'
import type { World } from './world.ts'

// Every page of a world that the journey has filled, and what opens over it, through axe.

const isRoot = process.getuid?.() === 0
const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } }
type Look = [size: keyof typeof sizes, colours: 'light' | 'dark', rules: 'all' | 'colours' | 'width']
/** Without a soak every other page, another half each time, is looked at whole as on a phone; the width of all of them is. */
const chance = seedOr(Math.floor(Date.now() / 1000))
const looksAt = (page: number): Look[] =>
  isSoak
    ? [
        ['wide', 'light', 'all'],
        ['wide', 'dark', 'colours'],
        ['narrow', 'dark', 'all'],
        ['narrow', 'light', 'colours'],
      ]
    : [
        ['wide', 'light', 'all'],
        ['narrow', 'dark', (page + chance) % 2 === 0 ? 'all' : 'width'],
      ]
const pages = [
  ...['/login', '/', '/sites/new', '/sites/new?way=attach', '/workflows', '/account'],
  ...['/sites/blog/live/backups', '/sites/blog/live/backups/log', '/sites/blog/live/code', '/sites/blog/live/settings'],
  ...(isRoot
    ? ['/sites/shop/dev/code', '/sites/shop/dev/workflow', '/sites/shop/dev/settings', '/sites/shop/test/workflow?part=wipe']
    : []),
  ...['/administration', '/administration/people', '/administration/audit', '/administration/settings', '/help/troubleshooting'],
  ...(isSoak ? ['/sites/new?way=backup', '/sites/new?way=empty', '/help/dangers'] : []),
  ...(isSoak && isRoot ? ['/sites/shop/dev/workflow?part=clone', '/sites/shop/dev/workflow?part=search-replace'] : []),
]
/** What opens over a page, by the button that opens it */
const overlays: [path: string, button: RegExp][] = [
  ['/sites/blog/live/backups', /^Create backup$/],
  ['/sites/blog/live/backups/log', /^Download Database/],
  ['/sites/blog/live/settings', /^Attach again/],
  ['/sites/blog/live/settings', /^Detach/],
  ['/account', /^Create machine token$/],
  ['/administration/people', /^Invite a person$/],
  ['/', /^Jobs/],
]

/**
 * Looks at all of them in two windows at once.
 *
 * @param more pages whose addresses hold ids
 * @returns what axe found, by page and look, and what the browser complained about
 */
export async function lookAround(
  { browser, house }: World,
  as: Window,
  more: readonly string[],
): Promise<{ barriers: Record<string, string[]>; complaints: string[] }> {
  const all: [path: string, button?: RegExp][] = [
    ...[...pages, ...more].map((path): [string] => [path]),
    ...(isSoak ? overlays : []),
  ]
  const left = [...all.entries()]
  const barriers: Record<string, string[]> = {}
  const complaints: string[] = []
  const lookAtAll = async (): Promise<void> => {
    const known = await openWindow(browser, house.url, { as: as.context })
    const stranger = await openWindow(browser, house.url)
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, [path, button]] = next
      const { page } = path === '/login' ? stranger : known
      await open(page, path, button)
      // each change is one of size or of colours: where only the colours are others, only they are looked at
      for (const [size, colorScheme, rules] of looksAt(number)) {
        await page.setViewportSize(sizes[size])
        await page.emulateMedia({ colorScheme })
        await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
        const found = rules === 'width' ? [] : await findBarriers(page, rules)
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (over > 1) found.push(`the page is ${over} px wider than the window`)
        if (found.length > 0) barriers[`${path} ${button?.source ?? ''}, ${size} and ${colorScheme}`] = found
      }
    }
    for (const { complaints: heard, context } of [known, stranger]) {
      complaints.push(...heard)
      await context.close()
    }
  }
  await Promise.all([lookAtAll(), lookAtAll()])
  return { barriers, complaints }
}

async function open(page: Page, path: string, button: RegExp | undefined): Promise<void> {
  await page.setViewportSize(sizes.wide)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(path)
  await page.locator('main').first().waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await page.waitForLoadState('load')
  if (button === undefined) return
  await page.getByRole('button', { name: button }).first().click()
  await page.getByRole('dialog').first().waitFor()
}
