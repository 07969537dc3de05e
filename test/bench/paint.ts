import { type Browser, startBrowser } from '../dashboard/browser.ts'
import type { Served } from './dashboardWorld.ts'

export interface Paint {
  /** From asking for the page until something is seen of it */
  firstMs: number
  /** Until the first row of its table is seen */
  rowMs: number
}

/** The Sites page, as often as it is wanted, each time in a browser that has kept nothing of it. */
export async function paintsOf(served: Served, rounds: number): Promise<Paint[]> {
  const browser = await startBrowser()
  try {
    const taken: Paint[] = []
    for (let round = 0; round < rounds; round++) taken.push(await paintOf(browser, served))
    return taken
  } finally {
    await browser.close()
  }
}

async function paintOf(browser: Browser, { url, cookie }: Served): Promise<Paint> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 } })
  try {
    await context.addCookies([{ name: 'cairn_session', value: cookie, url }])
    const page = await context.newPage()
    await page.addInitScript(watchRow)
    await page.goto('/')
    const rowMs = await page.waitForFunction(() => (globalThis as { rowMs?: number }).rowMs, undefined, { polling: 50 })
    const firstMs = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0)
    return { firstMs, rowMs: (await rowMs.jsonValue()) ?? 0 }
  } finally {
    await context.close()
  }
}

/** In the page: remembers when the frame was shown that had the first row, counted from the navigation. */
function watchRow(): void {
  const watcher = new MutationObserver(() => {
    if (document.querySelector('tbody tr') === null) return
    watcher.disconnect()
    requestAnimationFrame(() => requestAnimationFrame(() => Object.assign(globalThis, { rowMs: performance.now() })))
  })
  watcher.observe(document, { childList: true, subtree: true })
}
