import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { existsSync } from 'node:fs'

export type { Browser, BrowserContext, Page }

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Other work on the machine may make a page slow; nothing here hangs on how fast it is */
const patienceMs = 240_000

/** Debian's Chromium. */
export function startBrowser(): Promise<Browser> {
  const executablePath = places.find((path) => existsSync(path))
  if (executablePath === undefined) throw new Error('no Chromium: apt-get install chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })
}

export interface Window {
  page: Page
  context: BrowserContext
  /** What the browser complained about: refused by the policy, or a mistake of a script */
  complaints: string[]
}

interface Look {
  width?: number
  height?: number
  dark?: boolean
  /** Somebody who is logged in already, in another window */
  as?: BrowserContext
}

/** A window of somebody: of a new person, or one more of one who has one already. */
export async function openWindow(browser: Browser, base: string, look: Look = {}): Promise<Window> {
  const { width = 1280, height = 900, dark = false } = look
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(look.as === undefined ? {} : { storageState: await look.as.storageState() }),
  })
  context.setDefaultTimeout(patienceMs)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`${error.message}\n${error.stack ?? ''}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to|Warning:|unique "key"/.test(message.text())) complaints.push(message.text())
  })
  return { page, context, complaints }
}

/**
 * What axe finds on what is shown now: nothing is wanted.
 *
 * @param only colours: where the same page was looked at whole, and nothing but its colours is different now
 */
export async function findBarriers(page: Page, only: 'all' | 'colours' = 'all'): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode() // there are no frames, for which it would open a page more
  const { violations } = await (only === 'all' ? axe : axe.withRules(['color-contrast', 'link-in-text-block'])).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\n${failureSummary ?? ''}`),
  )
}

/** Drags files from elsewhere onto a place of the page. */
export async function dropFile(page: Page, onto: string, file: { name: string; bytes: Buffer }): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0)
      const data = new DataTransfer()
      data.items.add(new File([bytes], name))
      return data
    },
    { name: file.name, base64: file.bytes.toString('base64') },
  )
  for (const event of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(onto, event, { dataTransfer: transfer })
}
